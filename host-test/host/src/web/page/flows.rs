//! The table of what is synced: a row a flow, with its state, its figures, its policy and its button at the right. Unsupported ones are
//! there, greyed, with the reason.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::fault::Fault;
use super::lang::{Lang, Word};
use super::layout::{Mood, chip, token};
use super::preview::Preview;
use super::{Desk, format, word};
use crate::contract::types::{Entity, FailureClass, Reason};
use crate::contract::{Descriptor, Direction, Flow, Policy};
use crate::names;
use crate::nobi::{Policies, Tally};
use crate::store::{Connection, ConnectionId, ConnectionState, Run, RunState, StreamFigures};
use crate::work;

/// Everything that the table shows, read once.
pub(super) struct Table {
    id: ConnectionId,
    rows: Vec<Row>,
}

struct Row {
    flow: Flow,
    /// The label of the toggle that keeps it off.
    toggled_off: Option<crate::contract::types::Message>,
    /// What stands: chosen, or the flow's own.
    policy: Policy,
    chosen: bool,
    pause: Option<Reason>,
    last_success: Option<i64>,
    figures: StreamFigures,
    run: Option<Run>,
    orders: BTreeMap<String, u32>,
    preview: Option<Preview>,
    /// The connection has a grant.
    connected: bool,
}

/// Whether the guide leaves a choice open that the merchant has to make.
pub(super) fn must_choose(entity: Entity) -> bool {
    matches!(entity, Entity::Stock | Entity::Price)
}

impl Table {
    pub(super) async fn load(desk: &Desk, connection: &Connection, descriptor: &Descriptor) -> Result<Table, Fault> {
        let store = desk.host.store();
        let (streams, runs) = (store.streams(connection.id).await?, store.newest_runs(connection.id).await?);
        let (figures, orders) = (store.figures(connection.id).await?, store.outbox_counts(connection.id).await?);
        let defaults = work::flows(descriptor, connection);
        let row = |flow: &Flow| {
            let stream = streams.iter().find(|stream| stream.entity == flow.entity);
            let run = runs.iter().find(|run| run.entity == flow.entity && flow.direction == Direction::IntoNobi);
            Row {
                toggled_off: toggled_off(flow, descriptor, &defaults),
                policy: stream.and_then(|it| it.policy).unwrap_or_else(|| first(flow)),
                chosen: stream.is_some_and(|it| it.policy.is_some()),
                pause: stream.and_then(|it| it.pause.clone()),
                last_success: stream.and_then(|it| it.last_success),
                figures: figures.get(names::entity(flow.entity)).cloned().unwrap_or_default(),
                run: run.cloned(),
                orders: if flow.direction == Direction::OutOfNobi { orders.clone() } else { BTreeMap::new() },
                preview: desk.previews.of(connection.id, flow.entity),
                connected: connection.account.is_some() && connection.state != ConnectionState::Draft,
                flow: flow.clone(),
            }
        };
        Ok(Table { id: connection.id, rows: descriptor.flows.iter().map(row).collect() })
    }

    /// Something goes on.
    pub(super) fn is_busy(&self) -> bool {
        self.rows.iter().any(|row| row.is_under_way() || matches!(row.preview, Some(Preview::Running { .. })))
    }

    /// What goes on, in a word for each: a change of it is worth saying aloud.
    pub(super) fn spoken(&self, lang: Lang) -> String {
        let busy = self.rows.iter().filter(|row| row.run.is_some());
        busy.map(|row| format!("{}: {}.", lang.told(&row.flow.label), row.state(lang).1)).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn render(&self, lang: Lang, csrf: &str) -> Markup {
        html! {
            div #flows {
                table .flows role="table" aria-labelledby="sync-heading" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for head in [word::ITEM, word::STATE, word::LAST_SUCCESS, word::FIGURES, word::ERRORS, word::NEXT_RUN, word::POLICY, word::ACTION] {
                                th scope="col" role="columnheader" { (lang.say(head)) }
                            }
                        }
                    }
                    tbody role="rowgroup" { @for row in &self.rows { (row.render(lang, csrf, self.id)) } }
                }
            }
        }
    }
}

/// The policy that a flow begins with.
fn first(flow: &Flow) -> Policy {
    flow.policies.first().copied().unwrap_or(Policy::Off)
}

fn toggled_off(flow: &Flow, descriptor: &Descriptor, defaults: &Policies) -> Option<crate::contract::types::Message> {
    let key = flow.toggle.as_ref().filter(|_| flow.unsupported.is_none() && defaults.of(flow.entity) == Policy::Off)?;
    descriptor.form.iter().find(|field| &field.key == key).map(|field| field.label.clone())
}

impl Row {
    fn is_under_way(&self) -> bool {
        self.run.as_ref().is_some_and(|run| matches!(run.state, RunState::Waiting | RunState::Running))
    }

    fn state(&self, lang: Lang) -> (Mood, &'static str) {
        let (mood, word) = if self.flow.unsupported.is_some() {
            (Mood::Quiet, word::NOT_SUPPORTED)
        } else if self.toggled_off.is_some() || self.policy == Policy::Off {
            (Mood::Quiet, word::STREAM_OFF)
        } else if self.pause.is_some() {
            (Mood::Bad, word::STREAM_PAUSED)
        } else {
            match self.run.as_ref().map(|run| run.state) {
                Some(RunState::Waiting) => (Mood::Busy, word::STREAM_QUEUED),
                Some(RunState::Running) => (Mood::Busy, word::STREAM_RUNNING),
                Some(RunState::Done) => (Mood::Good, word::STREAM_DONE),
                Some(RunState::Failed) => (Mood::Bad, word::STREAM_FAILED),
                None => (Mood::Quiet, word::STREAM_IDLE),
            }
        };
        (mood, lang.say(word))
    }

    fn render(&self, lang: Lang, csrf: &str, id: ConnectionId) -> Markup {
        let item = lang.told(&self.flow.label);
        let (mood, state) = self.state(lang);
        if let Some(reason) = &self.flow.unsupported {
            return html! {
                tr .greyed role="row" {
                    th scope="row" role="rowheader" { (item) }
                    td role="cell" { (chip(mood, state)) }
                    td role="cell" colspan="6" { (lang.told(reason)) }
                }
            };
        }
        let label = |word| lang.say(word);
        let success = self.last_success.map_or_else(|| lang.say(word::NEVER).to_owned(), format::time);
        html! {
            tr role="row" id={ "flow-" (names::entity(self.flow.entity)) } {
                th scope="row" role="rowheader" { (item) }
                td role="cell" data-label=(label(word::STATE)) { (chip(mood, state)) (self.progress(lang, item)) }
                td role="cell" data-label=(label(word::LAST_SUCCESS)) { (success) }
                td role="cell" data-label=(label(word::FIGURES)) { (self.numbers(lang)) }
                td role="cell" data-label=(label(word::ERRORS)) { (self.errors(lang, id)) }
                td role="cell" data-label=(label(word::NEXT_RUN)) { (self.next(lang)) }
                td role="cell" data-label=(label(word::POLICY)) { (self.policy(lang, csrf, id, item)) }
                td .act role="cell" data-label=(label(word::ACTION)) { (self.buttons(lang, csrf, id, item)) }
            }
        }
    }

    /// How far it is: a share where the end is known. Waiting for a turn is said, and looks like waiting, not like a failure.
    fn progress(&self, lang: Lang, item: &str) -> Markup {
        let under_way = self.run.as_ref().filter(|_| self.is_under_way());
        let said = lang.with(word::PROGRESS, &[("item", item)]);
        html! {
            @if let Some(run) = under_way {
                @let done = format::count(lang, run.done.into());
                @match run.total {
                    Some(total) if total > 0 => {
                        progress value=(run.done) max=(total) aria-label=(said) {}
                        small { (lang.with(word::DONE_OF, &[("done", &done), ("total", &format::count(lang, total.into()))])) }
                    }
                    _ => {
                        progress aria-label=(said) {}
                        @if run.done > 0 { small { (lang.with(word::DONE_SO_FAR, &[("done", &done)])) } }
                    }
                }
                @if let Some(failure) = &run.failure {
                    @if matches!(failure.class, FailureClass::RateLimited(_)) { p .quiet { (lang.say(word::PACED)) } }
                    @else { p .quiet { (lang.told(&failure.message)) } }
                }
            } @else if let Some(failure) = self.run.as_ref().and_then(|run| run.failure.as_ref()) {
                p .quiet { (lang.told(&failure.message)) " " code { (failure.code) } }
            }
            @if let Some(pause) = &self.pause { p .quiet { (lang.told(&pause.message)) } }
        }
    }

    fn numbers(&self, lang: Lang) -> Markup {
        let figure = |state: &str| format::count(lang, self.orders.get(state).copied().unwrap_or(0).into());
        html! {
            @if self.flow.direction == Direction::OutOfNobi {
                (lang.with(word::ORDER_FIGURES, &[("done", &figure("done")), ("waiting", &figure("waiting")), ("skipped", &figure("skipped"))]))
            } @else {
                @if self.figures.linked > 0 { (lang.with(word::LINKED, &[("count", &format::count(lang, self.figures.linked))])) }
                @else { "–" }
                @if let Some(run) = &self.run { small .tally { (tally(lang, self.flow.entity, &run.tally)) } }
            }
        }
    }

    fn errors(&self, lang: Lang, id: ConnectionId) -> Markup {
        let refused = self.figures.refused + u64::from(self.orders.get("failed").copied().unwrap_or(0));
        let told = |word, count: u64| lang.with(word, &[("count", &format::count(lang, count))]);
        html! {
            @if refused > 0 { a .error href={ "/connections/" (id) "/troubles" } { (told(word::ERROR_COUNT, refused)) } " " }
            @if self.figures.warned > 0 { a href={ "/connections/" (id) "/troubles" } { (told(word::WARNING_COUNT, self.figures.warned)) } " " }
            @if self.figures.waiting > 0 { a href={ "/connections/" (id) "/pairing" } { (told(word::TO_PAIR, self.figures.waiting)) } }
            @if refused + self.figures.warned + self.figures.waiting == 0 { (lang.say(word::NO_ERRORS)) }
        }
    }

    fn next(&self, lang: Lang) -> String {
        match (self.figures.due, self.policy) {
            _ if self.toggled_off.is_some() || self.policy == Policy::Off => "–".to_owned(),
            (Some(due), _) => format::time(due),
            _ if self.flow.direction == Direction::OutOfNobi => lang.say(word::WITH_ORDERS).to_owned(),
            (None, Policy::KeepUpdated) => lang.say(word::WHEN_CHANGED).to_owned(),
            (None, _) => lang.say(word::ON_CLICK).to_owned(),
        }
    }

    fn policy(&self, lang: Lang, csrf: &str, id: ConnectionId, item: &str) -> Markup {
        let name = names::entity(self.flow.entity);
        let out = self.flow.direction == Direction::OutOfNobi;
        let open = must_choose(self.flow.entity) && !self.chosen;
        html! {
            @if let Some(toggle) = &self.toggled_off {
                p .quiet { (lang.with(word::TOGGLED_OFF, &[("toggle", lang.told(toggle))])) }
            } @else if out {
                p .quiet { (lang.say(word::GUIDE_ORDERS)) }
            } @else {
                form .policy method="post" action={ "/connections/" (id) "/policy" }
                    hx-post={ "/connections/" (id) "/policy" } hx-target="#flows" hx-swap="outerHTML" {
                    (token(csrf))
                    input type="hidden" name="entity" value=(name);
                    select id={ "choose-" (name) } name="policy" aria-label=(lang.with(word::POLICY_OF, &[("item", item)])) required[open] {
                        @if open { option value="" selected { (lang.say(word::CHOOSE)) } }
                        @for policy in &self.flow.policies {
                            option value=(names::policy(*policy)) selected[!open && *policy == self.policy] {
                                (policy_word(lang, self.flow.entity, *policy))
                            }
                        }
                    }
                    button type="submit" id={ "policy-" (name) } { (lang.say(word::SAVE)) span .unseen { ": " (item) } }
                }
                p class={ "quiet" @if open { " warn" } } { (lang.say(guide(self.flow.entity))) }
            }
        }
    }

    fn buttons(&self, lang: Lang, csrf: &str, id: ConnectionId, item: &str) -> Markup {
        let name = names::entity(self.flow.entity);
        let out = self.flow.direction == Direction::OutOfNobi;
        let off = self.toggled_off.is_some() || self.policy == Policy::Off;
        // A button whose work is under way keeps the keyboard's focus; pressing it again queues nothing.
        let form = |what: &str, word, main: bool, busy: bool| {
            html! {
                form method="post" action={ "/connections/" (id) "/" (what) }
                    hx-post={ "/connections/" (id) "/" (what) } hx-target="#flows" hx-swap="outerHTML" hx-sync="this:drop" {
                    (token(csrf))
                    input type="hidden" name="entity" value=(name);
                    button type="submit" id={ (what) "-" (name) } class=[main.then_some("main")]
                        disabled[!self.connected] aria-disabled=[busy.then_some("true")] {
                        (lang.say(word)) span .unseen { ": " (item) }
                    }
                }
            }
        };
        html! {
            @if out {
                span .quiet { (lang.say(word::BY_ITSELF)) }
            } @else if off {
            } @else if must_choose(self.flow.entity) && !self.chosen {
                p .quiet { (lang.say(word::CHOOSE_POLICY)) }
            } @else {
                (form("sync", word::SYNC_NOW, true, self.is_under_way()))
                @if self.last_success.is_none() && self.connected && !self.is_under_way() {
                    (form("preview", word::PREVIEW, false, matches!(self.preview, Some(Preview::Running { .. }))))
                }
                (self.previewed(lang))
            }
        }
    }

    fn previewed(&self, lang: Lang) -> Markup {
        let n = |count| format::count(lang, count);
        html! {
            @match &self.preview {
                Some(Preview::Running { done, total }) => {
                    p .quiet { (lang.with(word::PREVIEW_RUNS, &[("done", &far(lang, *done, *total))])) }
                }
                Some(Preview::Done(tally)) => {
                    @let entity = names::entity(self.flow.entity);
                    @let get = |effect: &str| tally.get(&format!("{entity}.{effect}"));
                    @let skipped = ["kept", "unchanged", "dropped", "tombstone", "parked"].iter().map(|effect| get(effect)).sum::<u64>();
                    p .preview {
                        (lang.with(word::PREVIEW_DONE, &[
                            ("created", &n(get("created"))), ("linked", &n(get("linked"))), ("waiting", &n(get("waiting"))),
                            ("skipped", &n(skipped)), ("refused", &n(get("refused"))),
                        ]))
                    }
                }
                Some(Preview::Failed(message)) => p .quiet { (lang.with(word::PREVIEW_FAILED, &[("why", lang.told(message))])) },
                None => {}
            }
        }
    }
}

fn far(lang: Lang, done: u32, total: Option<u32>) -> String {
    let done = format::count(lang, done.into());
    match total {
        Some(total) => lang.with(word::DONE_OF, &[("done", &done), ("total", &format::count(lang, total.into()))]),
        None => done,
    }
}

/// What the merchant's guide says of an entity that comes in.
fn guide(entity: Entity) -> Word {
    match entity {
        Entity::Branch => word::GUIDE_BRANCH,
        Entity::Customer => word::GUIDE_CUSTOMER,
        Entity::OrderStatus => word::GUIDE_STATUS,
        Entity::Stock => word::GUIDE_STOCK,
        Entity::Price => word::GUIDE_PRICE,
        _ => word::GUIDE_CREATE,
    }
}

/// What a choice means for this entity: a create-only level or price comes in once, a create-only status is only shown, and of everything else
/// each click brings what is new.
fn policy_word(lang: Lang, entity: Entity, policy: Policy) -> &'static str {
    lang.say(match policy {
        Policy::Off => word::POLICY_OFF,
        Policy::CreateOnly if must_choose(entity) => word::POLICY_FIRST,
        Policy::CreateOnly if entity == Entity::OrderStatus => word::POLICY_SHOWN,
        Policy::CreateOnly => word::POLICY_CREATE,
        Policy::Scheduled => word::POLICY_SCHEDULED,
        Policy::KeepUpdated => word::POLICY_UPDATED,
    })
}

/// What became of a run's records, in a line.
pub(super) fn tally(lang: Lang, entity: Entity, tally: &Tally) -> String {
    let entity = names::entity(entity);
    let get = |effects: &[&str]| effects.iter().map(|effect| tally.get(&format!("{entity}.{effect}"))).sum::<u64>();
    let parts = [
        (word::CREATED, get(&["created"])),
        (word::LINKED_N, get(&["linked"])),
        (word::UPDATED, get(&["updated"])),
        (word::WAITING_N, get(&["waiting"])),
        (word::SKIPPED_N, get(&["kept", "unchanged", "dropped", "tombstone", "parked"])),
        (word::REFUSED_N, get(&["refused"])),
    ];
    let told = parts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| lang.with(*word, &[("n", &format::count(lang, *count))]));
    told.collect::<Vec<_>>().join(", ")
}
