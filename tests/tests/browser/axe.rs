//! axe-core looks at a page as people with assistive technology meet it. Findings that are serious or critical are a failure; where there is
//! no axe, one line says so and nothing is claimed.

use std::sync::Once;

use anyhow::{Context as _, Result, ensure};
use fantoccini::Client;
use serde_json::Value;

use crate::chromium::{target, tell};

/// axe finds nothing serious.
pub(crate) async fn look(page: &Client, name: &str) -> Result<()> {
    static MISSING: Once = Once::new();
    let file = target()?.join("axe-core/axe.min.js");
    let Ok(axe) = std::fs::read_to_string(&file) else {
        MISSING.call_once(|| {
            tell(&format!("skipped: no page is checked for accessibility, since {} is not there (.ci/run fetches it)", file.display()));
        });
        return Ok(());
    };
    page.execute(&format!("if (!window.axe) {{ {axe} }}; return 1"), vec![]).await?;
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] })
            .then((found) => done(found.violations.map((it) =>
                ({ impact: it.impact, id: it.id, help: it.help, nodes: it.nodes.map((node) => node.html) }))))
            .catch((error) => done(String(error)))";
    let found = page.execute_async(script, vec![]).await?;
    let found = found.as_array().with_context(|| format!("axe could not look at {name}: {found}"))?;
    let serious: Vec<String> = found.iter().filter(|it| is_serious(it)).map(told).collect();
    ensure!(serious.is_empty(), "{name} is not accessible: {}", serious.join("; "));
    Ok(())
}

fn is_serious(violation: &Value) -> bool {
    matches!(violation["impact"].as_str(), Some("serious" | "critical"))
}

fn told(violation: &Value) -> String {
    let nodes: Vec<&str> = violation["nodes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    format!("{} ({}): {}", violation["id"], violation["help"], nodes.join(" | "))
}
