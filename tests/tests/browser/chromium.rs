//! A real Chromium through chromedriver, and what the facts ask of it. Where there is none, a clear line says so and nothing is claimed.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long something may take to show.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser window of its own process.
pub(crate) struct Chromium {
    pub(crate) page: Client,
    driver: Child,
}

/// What kind of window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Desk,
    Phone,
    WithoutScripts,
}

/// Where the build leaves what it made.
pub(crate) fn target() -> Result<PathBuf> {
    let binary = std::env::current_exe()?;
    Ok(binary.ancestors().nth(3).context("the test does not run from a target folder")?.to_owned())
}

impl Chromium {
    /// None: there is no browser on this machine.
    pub(crate) async fn open(window: Window) -> Result<Option<Chromium>> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = started else {
            println!("skipped: there is no chromedriver on this machine (apt-get install chromium chromium-driver)");
            return Ok(None);
        };
        let mut lines = BufReader::new(driver.stdout.take().context("no output")?).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("successfully on port ")?;
            Some(rest.trim_end_matches('.').to_owned())
        });
        // Nobody reads on, and the driver must not stop for that.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.context("chromedriver did not say its port")?;
        let page =
            ClientBuilder::new(HttpConnector::new()).capabilities(wishes(window)?).connect(&format!("http://127.0.0.1:{port}")).await;
        match page {
            Ok(page) => Ok(Some(Chromium { page, driver })),
            Err(error) => {
                let _ = driver.kill();
                bail!("chromium did not start: {error}")
            }
        }
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        self.page.clone().close().await?;
        self.driver.kill()?;
        self.driver.wait()?;
        Ok(())
    }

    pub(crate) async fn go(&self, address: &str) -> Result<()> {
        Ok(self.page.goto(address).await?)
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Result<Element> {
        let found = self.page.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => bail!("{css}: {error}; the page says: {}", self.text().await?),
        }
    }

    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        // A live part of the page may be replaced between the look and the click.
        for _ in 0..5 {
            if self.find(css).await?.click().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(self.find(css).await?.click().await?)
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    pub(crate) async fn choose(&self, css: &str, value: &str) -> Result<()> {
        Ok(self.find(css).await?.select_by_value(value).await?)
    }

    pub(crate) async fn value(&self, css: &str) -> Result<String> {
        self.find(css).await?.prop("value").await?.with_context(|| format!("{css} has no value"))
    }

    /// All that a person reads.
    pub(crate) async fn text(&self) -> Result<String> {
        Ok(self.page.find(Locator::Css("body")).await?.text().await?)
    }

    /// Waits until an element, which may be replaced meanwhile, says this.
    pub(crate) async fn says(&self, css: &str, wanted: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let script = "const it = document.querySelector(arguments[0]); return it ? it.innerText : ''";
            let text = self.page.execute(script, vec![json!(css)]).await?;
            let text = text.as_str().unwrap_or_default();
            if text.contains(wanted) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{css} never says {wanted:?}, but {text:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Nothing of the page is beyond the right edge.
    pub(crate) async fn fits(&self) -> Result<()> {
        let wide = self.page.execute("return [document.documentElement.scrollWidth, window.innerWidth]", vec![]).await?;
        let (scroll, window) = (wide[0].as_i64().unwrap_or_default(), wide[1].as_i64().unwrap_or_default());
        ensure!(scroll <= window, "{} is {scroll} wide in a window of {window}", self.page.current_url().await?);
        Ok(())
    }

    /// Keeps a picture in `<target>/screenshots`, and lets axe look at the page.
    pub(crate) async fn look(&self, name: &str) -> Result<()> {
        let folder = target()?.join("screenshots");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), self.page.screenshot().await?)?;
        self.accessible(name).await
    }

    /// axe finds nothing serious.
    async fn accessible(&self, name: &str) -> Result<()> {
        let file = target()?.join("axe-core/axe.min.js");
        let Ok(axe) = std::fs::read_to_string(&file) else {
            println!(
                "skipped: {} is not there, so {name} was not checked for accessibility: npm pack axe-core puts it there",
                file.display()
            );
            return Ok(());
        };
        self.page.execute(&format!("{axe}; return 1"), vec![]).await?;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations), (error) => done([{ impact: 'critical', id: String(error), nodes: [] }]))";
        let found = self.page.execute_async(script, vec![]).await?;
        let serious: Vec<String> = found.as_array().into_iter().flatten().filter(|it| is_serious(it)).map(told).collect();
        ensure!(serious.is_empty(), "{name} is not accessible: {}", serious.join("; "));
        Ok(())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.driver.kill();
    }
}

fn is_serious(violation: &Value) -> bool {
    matches!(violation["impact"].as_str(), Some("serious" | "critical"))
}

fn told(violation: &Value) -> String {
    let nodes: Vec<&str> = violation["nodes"].as_array().into_iter().flatten().filter_map(|node| node["html"].as_str()).collect();
    format!("{} ({}): {}", violation["id"], violation["help"], nodes.join(" | "))
}

fn wishes(window: Window) -> Result<Capabilities> {
    let args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1360,1000", "--lang=vi"];
    let mut options = json!({ "args": args });
    match window {
        Window::Desk => {}
        Window::Phone => options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 } }),
        Window::WithoutScripts => options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 }),
    }
    serde_json::from_value(json!({ "browserName": "chrome", "goog:chromeOptions": options })).context("the wishes are no capabilities")
}
