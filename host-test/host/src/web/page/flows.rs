//! The table of what is synced: a row a flow, with its state, its figures, its policy and its button at the right. Unsupported ones are
//! there, greyed, with the reason.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::fault::Fault;
use super::lang::{Lang, Word};
use super::layout::{Mood, chip, details, token};
use super::previews::Preview;
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
    succeeded: Option<i64>,
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
                succeeded: stream.and_then(|it| it.succeeded),
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
    fn is_off(&self) -> bool {
        self.toggled_off.is_some() || self.policy == Policy::Off
    }

    fn is_under_way(&self) -> bool {
        self.run.as_ref().is_some_and(|run| matches!(run.state, RunState::Waiting | RunState::Running))
    }

    fn state(&self, lang: Lang) -> (Mood, &'static str) {
        let (mood, word) = if self.flow.unsupported.is_some() {
            (Mood::Quiet, word::NOT_SUPPORTED)
        } else if self.is_off() {
            (Mood::Quiet, word::STREAM_OFF)
        } else if !self.connected {
            (Mood::Quiet, word::STREAM_NOT_YET)
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
        let success = self.succeeded.map_or_else(|| lang.say(word::NEVER).to_owned(), format::time);
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

    /// How far it is, in records; a share where the end is known. Waiting for a turn is said, and looks like waiting, not like a failure. What a
    /// pause says is not said once more of the run that met it.
    fn progress(&self, lang: Lang, item: &str) -> Markup {
        let under_way = self.run.as_ref().filter(|_| self.is_under_way());
        let ended = self.run.as_ref().filter(|_| !self.is_under_way() && self.pause.is_none()).and_then(|run| run.failure.as_ref());
        let said = lang.with(word::PROGRESS, &[("item", item)]);
        html! {
            @if !self.connected && !self.is_off() { p .quiet { (lang.say(word::FILL_IN_FIRST)) } }
            @if let Some(run) = under_way {
                @match run.total {
                    Some(total) if total > 0 => progress value=(run.done) max=(total) aria-label=(said) {},
                    _ => progress aria-label=(said) {},
                }
                @if run.records > 0 { small { (far(lang, self.flow.entity, run)) } }
                @if let Some(failure) = run.failure.as_ref().filter(|_| self.pause.is_none()) {
                    @if matches!(failure.class, FailureClass::RateLimited(_)) { p .quiet { (lang.say(word::PACED)) } }
                    @else { p .quiet { (lang.told(&failure.message)) } }
                }
            }
            @if let Some((message, code)) = self.pause.as_ref().map(|it| (&it.message, &it.code)).or(ended.map(|it| (&it.message, &it.code))) {
                p .quiet { (lang.told(message)) }
                (details(lang, code))
            }
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
            _ if self.is_off() => "–".to_owned(),
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
        let off = self.is_off();
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
                @if self.succeeded.is_none() && self.connected && !self.is_under_way() {
                    (form("preview", word::PREVIEW, false, matches!(self.preview, Some(Preview::Running { .. }))))
                }
                (self.previewed(lang))
            }
        }
    }

    fn previewed(&self, lang: Lang) -> Markup {
        html! {
            @match &self.preview {
                Some(Preview::Running { done, total }) => {
                    @let far = share(lang, *done, *total).map_or_else(String::new, |share| format!(" ({share})"));
                    p .quiet { (lang.with(word::PREVIEW_RUNS, &[("far", &far)])) }
                }
                Some(Preview::Done(found)) => {
                    @let what = tally(lang, self.flow.entity, found);
                    @let what = if what.is_empty() { lang.say(word::PREVIEW_NOTHING).to_owned() } else { what };
                    p .preview { (lang.with(word::PREVIEW_DONE, &[("what", &what)])) }
                }
                Some(Preview::Failed(message)) => p .quiet { (lang.with(word::PREVIEW_FAILED, &[("why", lang.told(message))])) },
                None => {}
            }
        }
    }
}

/// How far a run is: what was read, in records, and the share of the whole where that is known in whatever unit.
fn far(lang: Lang, entity: Entity, run: &Run) -> String {
    let values = [("n", format::count(lang, run.records.into())), ("unit", lang.say(unit(entity)).to_owned())];
    let read = lang.with(word::DONE_SO_FAR, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    match share(lang, run.done, run.total) {
        Some(share) => format!("{read} ({share})"),
        None => read,
    }
}

fn share(lang: Lang, done: u32, total: Option<u32>) -> Option<String> {
    let total = total.filter(|total| *total > 0)?;
    let percent = u64::from(done) * 100 / u64::from(total);
    Some(lang.with(word::SHARE, &[("percent", &percent.min(100).to_string())]))
}

/// What a stream's records are called in the plural: a level and a price are read with their product.
pub(super) fn unit(entity: Entity) -> Word {
    match entity {
        Entity::Branch => word::UNIT_BRANCHES,
        Entity::Category => word::UNIT_CATEGORIES,
        Entity::Customer | Entity::CustomerGroup | Entity::User => word::UNIT_CUSTOMERS,
        Entity::Order | Entity::OrderStatus => word::UNIT_ORDERS,
        Entity::Product | Entity::Stock | Entity::Price => word::UNIT_PRODUCTS,
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

/// What became of a run's records, in a line: each fact in its own word.
pub(super) fn tally(lang: Lang, entity: Entity, tally: &Tally) -> String {
    let name = names::entity(entity);
    let dropped = match entity {
        Entity::Stock => word::DROPPED_LEVELS_N,
        Entity::Price => word::DROPPED_PRICES_N,
        Entity::OrderStatus => word::DROPPED_STATUSES_N,
        _ => word::DROPPED_N,
    };
    let parts = [
        ("created", word::CREATED),
        ("linked", word::LINKED_N),
        ("updated", word::UPDATED),
        ("unchanged", word::UNCHANGED_N),
        ("kept", word::KEPT_N),
        ("waiting", word::WAITING_N),
        ("parked", word::PARKED_N),
        ("held", word::HELD_N),
        ("tombstone", word::TOMBSTONE_N),
        ("gone", word::GONE_N),
        ("dropped", dropped),
        ("refused", word::REFUSED_N),
    ];
    let counted = parts.iter().map(|(effect, word)| (tally.get(&format!("{name}.{effect}")), *word));
    let told = counted.filter(|(count, _)| *count > 0).map(|(count, word)| lang.with(word, &[("n", &format::count(lang, count))]));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_became_of_a_record_has_its_own_word() {
        let effects =
            ["unchanged", "kept", "parked", "tombstone", "dropped", "held", "gone", "created", "linked", "updated", "waiting", "refused"];
        let mut told = Vec::new();
        for (index, effect) in effects.iter().enumerate() {
            let mut one = Tally::default();
            for _ in 0..=index {
                one.count("stock", effect);
            }
            let line = tally(Lang::Vi, Entity::Stock, &one);
            assert!(line.ends_with(&(index + 1).to_string()) && !line.contains("bỏ qua"), "{effect}: {line}");
            told.push(line.trim_end_matches(char::is_numeric).to_owned());
        }
        told.sort();
        told.dedup();
        assert_eq!(told.len(), effects.len(), "no two facts share a word: {told:?}");
    }

    #[test]
    fn a_share_is_never_more_than_the_whole() {
        assert_eq!(share(Lang::Vi, 3, Some(12)).as_deref(), Some("25%"));
        assert_eq!(share(Lang::Vi, 13, Some(12)).as_deref(), Some("100%"));
        assert_eq!((share(Lang::Vi, 3, None), share(Lang::Vi, 3, Some(0))), (None, None));
    }
}
