//! What needs a person: orders that did not go out, webhooks that nobody could work on, records that could not be read or came in altered.
//! Grouped by cause, errors apart from what is only worth knowing, with what happened, what happens by itself, what a person can do about that
//! very cause (`docs/codes.md`), and one action for the group or for a record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::at::{Asked, At};
use super::connection::Said;
use super::fault::Fault;
use super::fields::Fields;
use super::lang::{Lang, Word};
use super::layout::{Sheet, details, token};
use super::session::{Posted, Signed};
use super::{Desk, advice, field_name, flows, format, word};
use crate::contract::types::{Entity, Failure, FailureClass, Message, Warning};
use crate::contract::{Descriptor, Scope};
use crate::names;
use crate::nobi::bearer;
use crate::store::{ConnectionId, LetterId, Note, Run, RunState, Trigger};
use crate::work::{SyncError, goes_on};

/// Records of a group that the page shows; the CSV has all.
const SHOWN: usize = 50;

/// What a group is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Order,
    Delivery,
    Held,
    Refused,
    Warned,
    /// A person had it stand still.
    Kept,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Order => "order",
            Kind::Delivery => "delivery",
            Kind::Held => "held",
            Kind::Refused => "refused",
            Kind::Warned => "warned",
            Kind::Kept => "kept",
        }
    }

    fn for_you(self) -> Word {
        match self {
            Kind::Order => word::YOU_ORDER,
            Kind::Delivery => word::YOU_SUPPORT,
            Kind::Held => word::YOU_HOLD,
            Kind::Kept => word::YOU_KEEP,
            Kind::Refused => word::YOU_MEND,
            Kind::Warned => word::YOU_NOTE,
        }
    }
}

/// One record of a group.
pub(super) struct Record {
    /// What names it: its id at the other side, or the event's row.
    pub(super) key: String,
    /// What people call it: an order's code; a product's name with its SKU.
    pub(super) name: Option<String>,
    pub(super) field: Option<String>,
    pub(super) message: Message,
}

/// Records with one cause.
pub(super) struct Group {
    pub(super) kind: Kind,
    /// None: of deliveries, which may speak of anything.
    pub(super) entity: Option<Entity>,
    pub(super) code: String,
    pub(super) class: Option<FailureClass>,
    pub(super) records: Vec<Record>,
}

impl Group {
    pub(super) fn message(&self) -> Option<&Message> {
        self.records.first().map(|record| &record.message)
    }

    pub(super) fn title(&self, lang: Lang, descriptor: &Descriptor) -> String {
        let item = self.item(lang, descriptor);
        let word = match self.kind {
            Kind::Order => word::TROUBLE_ORDER,
            Kind::Delivery => word::TROUBLE_DELIVERY,
            Kind::Held => word::TROUBLE_HELD,
            Kind::Refused => word::TROUBLE_REFUSED,
            Kind::Warned => word::TROUBLE_WARNED,
            Kind::Kept => word::TROUBLE_KEPT,
        };
        lang.with(word, &[("item", item), ("count", &format::count(lang, self.records.len() as u64))])
    }

    /// What its records are of, as the connector calls it.
    pub(super) fn item<'d>(&self, lang: Lang, descriptor: &'d Descriptor) -> &'d str {
        let flow = descriptor.flows.iter().find(|flow| Some(flow.entity) == self.entity);
        flow.map_or(if self.kind == Kind::Delivery { "Webhooks" } else { "" }, |flow| lang.told(&flow.label))
    }

    /// The entity's name, or what stands for it.
    pub(super) fn of(&self) -> &'static str {
        self.entity.map_or("delivery", names::entity)
    }

    /// What happens by itself; none: nothing does, since nothing has to.
    pub(super) fn by_itself(&self) -> Option<Word> {
        Some(match (self.kind, &self.class) {
            (Kind::Order, Some(class)) if goes_on(class) => word::WE_AGAIN,
            (Kind::Order, _) => word::WE_WAIT,
            (Kind::Delivery, _) => word::WE_STOPPED,
            (Kind::Held, _) => word::WE_HOLD,
            (Kind::Kept, _) => word::WE_KEEP,
            (Kind::Warned, _) => return None,
            (Kind::Refused, Some(FailureClass::Transient | FailureClass::RateLimited(_))) => word::WE_AGAIN,
            (Kind::Refused, _) => word::WE_REST,
        })
    }

    /// What a person can do: what is written of its own code, else what is true of its kind.
    pub(super) fn for_you(&self, lang: Lang) -> &'static str {
        let own = advice::of(&self.code).filter(|_| !matches!(self.kind, Kind::Held | Kind::Kept));
        own.map_or_else(|| lang.say(self.kind.for_you()), |advice| advice.fix(lang))
    }

    /// A record as people know it: by its name, else by the number that it has at the other side.
    pub(super) fn name(&self, lang: Lang, descriptor: &Descriptor, record: &Record) -> String {
        match (&record.name, record.key.is_empty()) {
            (Some(name), _) if self.kind == Kind::Order => lang.with(word::ORDER, &[("code", name)]),
            (Some(name), _) => name.clone(),
            (None, false) => lang.with(word::RECORD_UNNAMED, &[("item", self.item(lang, descriptor)), ("id", &record.key)]),
            (None, true) => {
                let unit = self.entity.map_or(word::UNIT_PRODUCTS, flows::unit);
                lang.with(word::RECORD_MANY, &[("unit", lang.say(unit))])
            }
        }
    }

    /// Worth knowing, and no error.
    fn is_note(&self) -> bool {
        matches!(self.kind, Kind::Kept | Kind::Warned)
    }

    /// What the buttons say: for all of the group, and for one record. The second, which asks for a note, is not always there.
    fn ways(&self) -> ([Word; 2], Option<[Word; 2]>) {
        match self.kind {
            Kind::Held => ([word::TAKE_ALL, word::TAKE], Some([word::KEEP_ALL, word::KEEP])),
            Kind::Kept => ([word::TAKE_ALL, word::TAKE], None),
            _ => ([word::RETRY_ALL, word::RETRY], Some([word::DISCARD_ALL, word::DISCARD])),
        }
    }
}

/// Groups as they come together.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<(Kind, &'static str, String), Group>);

impl Groups {
    fn add(&mut self, (group, record): (Group, Record)) {
        let key = (group.kind, group.of(), group.code.clone());
        self.0.entry(key).or_insert(group).records.push(record);
    }

    pub(super) fn all(self) -> Vec<Group> {
        self.0.into_values().collect()
    }
}

/// A record that could not be read, with the group that it belongs to.
pub(super) fn refused((entity, remote, failure): (String, String, Failure)) -> Option<(Group, Record)> {
    let entity = Some(names::entity_from(&entity)?);
    let group = Group { kind: Kind::Refused, entity, code: failure.code, class: Some(failure.class), records: Vec::new() };
    Some((group, Record { key: remote, name: None, field: failure.field, message: failure.message }))
}

/// The same of one that came in altered.
pub(super) fn warned((entity, warning): (String, Warning)) -> Option<(Group, Record)> {
    let entity = Some(names::entity_from(&entity)?);
    let group = Group { kind: Kind::Warned, entity, code: warning.code, class: None, records: Vec::new() };
    Some((group, Record { key: warning.subject.unwrap_or_default(), name: None, field: warning.field, message: warning.message }))
}

/// The groups of what is no single record of a pull: orders, webhooks, what waits for a decision.
pub(super) async fn decisions(desk: &Desk, id: ConnectionId) -> Result<Groups, Fault> {
    let store = desk.host.store();
    let mut groups = Groups::default();
    for event in store.failed_events(id).await? {
        let Some(Failure { class, code, message, field, .. }) = event.failure else { continue };
        let group = Group { kind: Kind::Order, entity: Some(Entity::Order), code, class: Some(class), records: Vec::new() };
        groups.add((group, Record { key: event.id.to_string(), name: Some(event.code), field, message }));
    }
    for letter in store.dead_letters(id).await? {
        let (LetterId::Delivery(row), Some(Failure { class, code, message, field, .. })) = (letter.id, letter.failure) else { continue };
        let group = Group { kind: Kind::Delivery, entity: None, code, class: Some(class), records: Vec::new() };
        groups.add((group, Record { key: row.to_string(), name: None, field, message }));
    }
    for held in store.held_records(id).await? {
        let kind = if held.kept { Kind::Kept } else { Kind::Held };
        let group = Group { kind, entity: Some(held.entity), code: held.code, class: None, records: Vec::new() };
        groups.add((group, Record { key: held.remote, name: None, field: None, message: held.message }));
    }
    Ok(groups)
}

/// Every group of a connection, orders first. All of their records are in memory: whoever asks holds one of [`Desk::lists`]'s places.
pub(super) async fn groups(desk: &Desk, id: ConnectionId) -> Result<Vec<Group>, Fault> {
    let mut groups = decisions(desk, id).await?;
    desk.host.store().refused(id).await?.into_iter().filter_map(refused).for_each(|one| groups.add(one));
    desk.host.store().warned(id).await?.into_iter().filter_map(warned).for_each(|one| groups.add(one));
    let mut groups = groups.all();
    for group in &mut groups {
        let Group { kind, entity, records, .. } = group;
        called(desk, id, records.iter_mut().map(|record| (*kind, *entity, record))).await?;
    }
    Ok(groups)
}

/// Gives records the names that people know them by.
pub(super) async fn called<'r>(
    desk: &Desk,
    id: ConnectionId,
    records: impl Iterator<Item = (Kind, Option<Entity>, &'r mut Record)>,
) -> Result<(), Fault> {
    let nameless = |(kind, entity, record): (Kind, Option<Entity>, &'r mut Record)| {
        Some((entity?, record)).filter(|(_, record)| kind != Kind::Order && !record.key.is_empty())
    };
    let records: Vec<(Entity, &mut Record)> = records.filter_map(nameless).collect();
    let asked = records.iter().map(|(entity, record)| (*entity, record.key.clone())).collect();
    let called = desk.host.store().called(id, asked).await?;
    for (entity, record) in records {
        record.name = called.get(&format!("{}/{}", names::entity(bearer(entity)), record.key)).map(ToString::to_string);
    }
    Ok(())
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    At(id): At<ConnectionId>,
    Asked(said): Asked<Said>,
    signed: Signed,
) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let _place = desk.lists.take(&signed.operator.tenant).ok_or(Fault::Busy)?;
    let (notes, errors): (Vec<Group>, Vec<Group>) = groups(&desk, id).await?.into_iter().partition(Group::is_note);
    let sheet = Sheet::of(&signed, lang.say(word::TROUBLES));
    let part = |head: Word, groups: &[Group]| {
        let count = groups.iter().map(|group| group.records.len() as u64).sum();
        html! {
            h2 { (lang.with(head, &[("count", &format::count(lang, count))])) }
            @for group in groups { (section(lang, &sheet.csrf, id, &descriptor, group)) }
        }
    };
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 { (lang.say(word::TROUBLES)) }
        @if let Some(banner) = said.banner(lang, &descriptor) { (banner) }
        @if errors.is_empty() && notes.is_empty() { p { (lang.say(word::NO_TROUBLES)) } }
        div .actions {
            @if !errors.is_empty() || !notes.is_empty() {
                a .button href={ "/connections/" (id) "/troubles.csv" } download { (lang.say(word::CSV)) }
            }
            a .button href={ "/connections/" (id) "/support.txt" } download { (lang.say(word::SUPPORT)) }
        }
        @if !errors.is_empty() { div #errors { (part(word::ERRORS_HEAD, &errors)) } }
        @if !notes.is_empty() {
            div #notes { (part(word::NOTES_HEAD, &notes)) p .quiet { (lang.say(word::NOTES_INTRO)) } }
        }
    };
    Ok(sheet.around(&body))
}

fn section(lang: Lang, csrf: &str, id: ConnectionId, descriptor: &Descriptor, group: &Group) -> Markup {
    let count = format::count(lang, group.records.len() as u64);
    let with_count = |word| lang.with(word, &[("count", &count)]);
    let ([take_all, take_one], leave) = group.ways();
    let (leave_all, leave_one) = leave.map(|[all, one]| (with_count(all), lang.say(one))).unzip();
    let happened = group.message().map(|it| lang.told(it)).unwrap_or_default();
    html! {
        section .card .group {
            h3 { (group.title(lang, descriptor)) }
            dl .facts {
                div { dt { (lang.say(word::WHAT_HAPPENED)) } dd { (happened) } }
                @if let Some(ours) = group.by_itself() { div { dt { (lang.say(word::WHAT_WE_DO)) } dd { (lang.say(ours)) } } }
                div { dt { (lang.say(word::WHAT_YOU_CAN)) } dd { (group.for_you(lang)) } }
            }
            (actions(lang, csrf, id, group, None, (&with_count(take_all), leave_all.as_deref())))
            details {
                summary { (lang.say(word::RECORDS)) " (" (count) ")" }
                ul .records {
                    @for record in group.records.iter().take(SHOWN) {
                        @let name = group.name(lang, descriptor, record);
                        li {
                            p {
                                strong { (name) }
                                @if let Some(field) = record.field.as_deref().and_then(|field| field_name::named(lang, field)) { " · " (field) }
                                // What is said of all of them is not said again of each.
                                @if lang.told(&record.message) != happened { " · " (lang.told(&record.message)) }
                            }
                            (actions(lang, csrf, id, group, Some((record, &name)), (lang.say(take_one), leave_one)))
                        }
                    }
                }
                @if group.records.len() > SHOWN {
                    p { (lang.with(word::AND_MORE, &[("count", &format::count(lang, (group.records.len() - SHOWN) as u64))])) }
                }
            }
            (details(lang, &technical(group)))
        }
    }
}

/// The code, and the fields as the interface calls them: for whoever helps.
fn technical(group: &Group) -> String {
    let mut fields: Vec<&str> = group.records.iter().filter_map(|record| record.field.as_deref()).collect();
    fields.sort_unstable();
    fields.dedup();
    fields.truncate(5);
    std::iter::once(group.code.as_str()).chain(fields).collect::<Vec<_>>().join(" ")
}

/// The ways on, for a group or for one of its records.
fn actions(
    lang: Lang,
    csrf: &str,
    id: ConnectionId,
    group: &Group,
    record: Option<(&Record, &str)>,
    (take, leave): (&str, Option<&str>),
) -> Markup {
    let whose = record.map(|(_, name)| name).unwrap_or_default();
    html! {
        form .actions method="post" action={ "/connections/" (id) "/troubles" } {
            (token(csrf))
            input type="hidden" name="kind" value=(group.kind.word());
            input type="hidden" name="entity" value=(group.of());
            input type="hidden" name="code" value=(group.code);
            @if let Some((record, _)) = record { input type="hidden" name="record" value=(record.key); }
            button type="submit" name="do" value="retry" { (take) span .unseen { " " (whose) } }
            @if let Some(leave) = leave {
                input type="text" name="note" maxlength="300" aria-label={ (lang.say(word::NOTE)) " " (whose) } placeholder=(lang.say(word::NOTE));
                button type="submit" name="do" value="discard" { (leave) span .unseen { " " (whose) } }
            }
        }
    }
}

pub(super) async fn act(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    desk.own(&posted.signed, id).await?;
    let _place = desk.lists.take(&posted.signed.operator.tenant).ok_or(Fault::Busy)?;
    let group = meant(groups(&desk, id).await?, &posted.fields);
    let Some(group) = group else { return Ok(back(id, "gone", 0)) };
    let (said, count) = match posted.fields.get("do") {
        Some("retry") => retry(&desk, id, &posted, &group).await?,
        Some("discard") => discard(&desk, id, &posted, &group).await?,
        _ => return Err(Fault::Missing),
    };
    if said == "off" {
        return Ok(Redirect::to(&format!("/connections/{id}/troubles?said=off&of={}", group.of())).into_response());
    }
    Ok(back(id, said, count))
}

fn back(id: ConnectionId, said: &str, count: u32) -> Response {
    Redirect::to(&format!("/connections/{id}/troubles?said={said}&count={count}")).into_response()
}

/// The group that a form means, with all of its records or the one that is named.
fn meant(groups: Vec<Group>, fields: &Fields) -> Option<Group> {
    let (kind, entity, code) = (fields.get("kind")?, fields.get("entity")?, fields.get("code")?);
    let is = |group: &Group| group.kind.word() == kind && group.of() == entity && group.code == code;
    let mut group = groups.into_iter().find(is)?;
    if let Some(record) = fields.get("record") {
        group.records.retain(|it| it.key == record);
    }
    (!group.records.is_empty()).then_some(group)
}

fn letters(group: &Group) -> Vec<LetterId> {
    group.records.iter().filter_map(|record| record.key.parse().ok()).map(LetterId::Delivery).collect()
}

async fn retry(desk: &Desk, id: ConnectionId, posted: &Posted, group: &Group) -> Result<(&'static str, u32), Fault> {
    let now = desk.host.clock().now();
    let said = match group.kind {
        Kind::Order => {
            let rows = group.records.iter().filter_map(|record| record.key.parse().ok()).collect();
            let retried = desk.host.store().retry_events(id, rows, now).await?;
            if retried.queued == 0 { ("overtaken", retried.overtaken) } else { ("retried", retried.queued) }
        }
        Kind::Delivery => {
            let replayed = desk.host.store().replay(id, letters(group), now).await?;
            ("retried", u32::try_from(replayed.len()).unwrap_or(u32::MAX))
        }
        Kind::Held | Kind::Kept => {
            let Some(entity) = group.entity else { return Err(Fault::Missing) };
            let operator = posted.signed.operator.name.clone();
            let note = Note { at: now, operator, code: group.code.clone(), records: 0, text: String::new() };
            let remotes = group.records.iter().map(|record| record.key.clone()).collect();
            ("decided", desk.host.store().decide_held_records(id, entity, remotes, true, note).await?)
        }
        Kind::Refused | Kind::Warned => {
            let Some(entity) = group.entity else { return Err(Fault::Missing) };
            // A record without an id can only be found again among all of them.
            let nameless = group.records.iter().any(|record| record.key.is_empty());
            let ids = group.records.iter().map(|record| record.key.clone()).collect();
            let scope = if nameless { Scope::Everything } else { Scope::Only(ids) };
            let runs = desk.host.store().runs(id, 200).await?;
            let under_way = |run: &Run| matches!(run.state, RunState::Waiting | RunState::Running);
            if !runs.iter().any(|run| under_way(run) && run.entity == entity && run.scope == scope) {
                match desk.host.sync(id, entity, scope, Trigger::Click).await {
                    Ok(Some(run)) => desk.host.store().pressed(run, &posted.signed.operator.name).await?,
                    Ok(None) => {}
                    Err(SyncError::Off) => return Ok(("off", 0)),
                    Err(SyncError::Unsupported(_) | SyncError::NoGrant) => return Err(Fault::Missing),
                    Err(SyncError::Store(error)) => return Err(error.into()),
                }
            }
            ("retried", u32::try_from(group.records.len()).unwrap_or(u32::MAX))
        }
    };
    desk.host.nudge();
    Ok(said)
}

async fn discard(desk: &Desk, id: ConnectionId, posted: &Posted, group: &Group) -> Result<(&'static str, u32), Fault> {
    let text = posted.fields.get("note").unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(("note", 0));
    }
    let note = Note {
        at: desk.host.clock().now(),
        operator: posted.signed.operator.name.clone(),
        code: group.code.clone(),
        records: 0,
        text: text.chars().take(300).collect(),
    };
    let store = desk.host.store();
    let count = match group.kind {
        Kind::Order => {
            let rows = group.records.iter().filter_map(|record| record.key.parse().ok()).collect();
            store.discard_events(id, rows, note).await?
        }
        Kind::Delivery => store.discard_letters(id, letters(group), note).await?,
        Kind::Held => {
            let Some(entity) = group.entity else { return Err(Fault::Missing) };
            let remotes = group.records.iter().map(|record| record.key.clone()).collect();
            store.decide_held_records(id, entity, remotes, false, note).await?
        }
        // It is kept already.
        Kind::Kept => return Err(Fault::Missing),
        Kind::Refused | Kind::Warned => {
            let Some(entity) = group.entity else { return Err(Fault::Missing) };
            let remotes = group.records.iter().map(|record| record.key.clone()).collect();
            store.discard_remarks(id, group.kind == Kind::Refused, entity, remotes, note).await?
        }
    };
    Ok(("discarded", count))
}
