//! Files to take along: the errors as CSV, and what Nhanh's support asks for (which business, which request, what came back), without a
//! secret or a person in it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::fault::Fault;
use super::lang::Lang;
use super::session::Signed;
use super::troubles::{Group, groups};
use super::{Desk, format, word};
use crate::contract::{Descriptor, http};
use crate::names;
use crate::store::{Connection, ConnectionId, RunState};

/// Runs that the support file tells of.
const RUNS: usize = 10;

fn file(kind: &'static str, name: &str, text: String) -> Response {
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text).into_response()
}

pub(super) async fn csv(State(desk): State<Arc<Desk>>, Path(id): Path<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let text = table(signed.lang(), &descriptor, &groups(&desk, id).await?);
    Ok(file("text/csv; charset=utf-8", &format!("loi-{id}.csv"), text))
}

fn table(lang: Lang, descriptor: &Descriptor, groups: &[Group]) -> String {
    // The mark at the front tells spreadsheets that it is UTF-8.
    let mut text = String::from("\u{feff}");
    let head =
        [word::ITEM, word::CODE, word::RECORDS, word::WHAT_HAPPENED, word::WHAT_WE_DO, word::WHAT_YOU_CAN].map(|word| lang.say(word));
    row(&mut text, &head);
    for group in groups {
        let item = group.item(lang, descriptor);
        for record in &group.records {
            let shown = record.code.as_deref().unwrap_or(&record.key);
            let (ours, yours) = (lang.say(group.by_itself()), lang.say(group.for_you()));
            row(&mut text, &[item, &group.code, shown, lang.told(&record.message), ours, yours]);
        }
    }
    text
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

pub(super) async fn support(State(desk): State<Arc<Desk>>, Path(id): Path<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let mut text = heading(&desk, &connection, &descriptor);
    let mut runs = desk.host.store().runs(id, 200).await?;
    runs.retain(|run| run.failure.is_some() || run.state == RunState::Failed);
    runs.truncate(RUNS);
    for run in &runs {
        let _ = writeln!(text, "\n== {} · {}", names::entity(run.entity), format::time(run.started));
        if let Some(failure) = &run.failure {
            let _ = writeln!(text, "{} [{}] {}", names::failure_class(&failure.class), failure.code, failure.message.vi);
        }
        if let Some(request) = desk.host.request_of(run).await? {
            text.push_str(&request_text(&request));
        }
    }
    for group in groups(&desk, id).await? {
        let _ = writeln!(text, "\n== {} [{}]", group.of(), group.code);
        if let Some(message) = group.message() {
            let _ = writeln!(text, "{}", message.vi);
        }
        let ids: Vec<&str> = group.records.iter().take(50).map(|record| record.code.as_deref().unwrap_or(&record.key)).collect();
        let _ = writeln!(text, "{}", ids.join(", "));
    }
    Ok(file("text/plain; charset=utf-8", &format!("nhanh-support-{id}.txt"), text))
}

fn heading(desk: &Desk, connection: &Connection, descriptor: &Descriptor) -> String {
    let app = connection.settings.get(&descriptor.app_field).map(String::as_str).unwrap_or_default();
    let business = connection.account.as_ref().map(|account| account.id.as_str()).unwrap_or_default();
    let mut text = format!("{} {}\nbusinessId: {business}\nappId: {app}\n", descriptor.id, descriptor.version);
    // Numbers and choices of the form help; what is free text may name a person.
    for field in &descriptor.form {
        use crate::contract::FieldKind::{Choice, Toggle};
        if let (Choice(_) | Toggle, Some(value)) = (&field.kind, connection.settings.get(&field.key)) {
            let _ = writeln!(text, "{}: {value}", field.key);
        }
    }
    let _ = writeln!(text, "{}", format::machine_time(desk.host.clock().now()));
    text
}

/// A request as it goes out, what the host adds left masked.
fn request_text(request: &http::Request) -> String {
    let method = format!("{:?}", request.method).to_uppercase();
    let mut text = format!("{method} {} {}\n", request.endpoint, request.path);
    for pair in &request.query {
        let _ = writeln!(text, "  ? {} = {}", pair.name, pair.value);
    }
    match &request.body {
        http::Body::None => {}
        http::Body::Form(pairs) => {
            for pair in pairs {
                let _ = writeln!(text, "  {} = {}", pair.name, pair.value);
            }
        }
        http::Body::Json(json) => {
            let _ = writeln!(text, "  {json}");
        }
    }
    text.push_str("  accessToken = ********\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_out_of_its_quotes() {
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quoted("Áo \"đẹp\", đỏ"), "\"Áo \"\"đẹp\"\", đỏ\"");
    }
}
