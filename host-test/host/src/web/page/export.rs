//! Files to take along: the errors as CSV, and what Nhanh's support asks for (which business, which request, what came back), without a
//! secret or a person in it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::at::At;
use super::fault::Fault;
use super::lang::Lang;
use super::places::Place;
use super::session::Signed;
use super::troubles::{Group, Kind, Record, called, decisions, groups, refused, warned};
use super::{Desk, field_name, format, word};
use crate::contract::{Descriptor, http};
use crate::names;
use crate::store::{After, Connection, ConnectionId, RunState};

/// Runs that the support file tells of.
const RUNS: usize = 10;

fn file(kind: &'static str, name: &str, text: String) -> Response {
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text).into_response()
}

/// Rows that a download holds at a time.
const ROWS: u32 = 500;

/// A download of all errors, which goes on as far as it is read.
struct Download {
    desk: Arc<Desk>,
    id: ConnectionId,
    lang: Lang,
    descriptor: Arc<Descriptor>,
    next: Part,
    _place: Place,
}

/// What of the errors comes next.
enum Part {
    Decisions,
    Refused(After),
    Warned(After),
    Nothing,
}

pub(super) async fn csv(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let place = desk.lists.take(&signed.operator.tenant).ok_or(Fault::Busy)?;
    let download = Download { desk, id, lang: signed.lang(), descriptor, next: Part::Decisions, _place: place };
    let parts = stream::try_unfold(download, async |mut download| {
        // The end of what a browser gets is either the end of all or an error that it shows as a download that broke off.
        let part = download.part().await.map_err(|_| std::io::Error::other("the store does not answer"))?;
        Ok::<_, std::io::Error>(part.map(|text| (text, download)))
    });
    let name = format!("attachment; filename=\"loi-{id}.csv\"");
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], Body::from_stream(parts)).into_response())
}

impl Download {
    /// The next rows; none: there are no more.
    async fn part(&mut self) -> Result<Option<String>, Fault> {
        let store = self.desk.host.store();
        let mut text = String::new();
        let start = After::default;
        self.next = match std::mem::replace(&mut self.next, Part::Nothing) {
            Part::Decisions => {
                head(&mut text, self.lang);
                for group in decisions(&self.desk, self.id).await?.all() {
                    group.records.iter().for_each(|record| self.row(&mut text, &group, record));
                }
                Part::Refused(start())
            }
            Part::Refused(after) => {
                let (rows, next) = store.refused_after(self.id, after, ROWS).await?;
                self.rows(&mut text, rows.into_iter().filter_map(refused).collect()).await?;
                next.map_or_else(|| Part::Warned(start()), Part::Refused)
            }
            Part::Warned(after) => {
                let (rows, next) = store.warned_after(self.id, after, ROWS).await?;
                self.rows(&mut text, rows.into_iter().filter_map(warned).collect()).await?;
                next.map_or(Part::Nothing, Part::Warned)
            }
            Part::Nothing => return Ok(None),
        };
        Ok(Some(text))
    }

    async fn rows(&self, text: &mut String, mut rows: Vec<(Group, Record)>) -> Result<(), Fault> {
        called(&self.desk, self.id, rows.iter_mut().map(|(group, record)| (group.kind, group.entity, record))).await?;
        rows.iter().for_each(|(group, record)| self.row(text, group, record));
        Ok(())
    }

    fn row(&self, text: &mut String, group: &Group, record: &Record) {
        let lang = self.lang;
        let shown = record.name.as_deref().unwrap_or(&record.key);
        let (ours, yours) = (group.by_itself().map(|word| lang.say(word)).unwrap_or_default(), group.for_you(lang));
        let field = record.field.as_deref().and_then(|field| field_name::named(lang, field)).unwrap_or_default();
        let (item, happened) = (group.item(lang, &self.descriptor), lang.told(&record.message));
        row(text, &[item, &group.code, shown, &record.key, &field, happened, ours, yours]);
    }
}

fn head(text: &mut String, lang: Lang) {
    // The mark at the front tells spreadsheets that it is UTF-8.
    text.push('\u{feff}');
    let head = [
        word::ITEM,
        word::CODE,
        word::NAME_OF,
        word::NUMBER_THERE,
        word::FIELD_OF,
        word::WHAT_HAPPENED,
        word::WHAT_WE_DO,
        word::WHAT_YOU_CAN,
    ];
    row(text, &head.map(|word| lang.say(word)));
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

pub(super) async fn support(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let _place = desk.lists.take(&signed.operator.tenant).ok_or(Fault::Busy)?;
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
        let ids: Vec<&str> = group
            .records
            .iter()
            .take(50)
            .map(|record| if group.kind == Kind::Order { record.name.as_deref().unwrap_or(&record.key) } else { record.key.as_str() })
            .collect();
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
    let method = match request.method {
        http::Method::Get => "GET",
        http::Method::Post => "POST",
    };
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
