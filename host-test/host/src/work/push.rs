//! Orders out: one event at a time for each order, the intent written down before the first byte. After a call whose outcome is not known the
//! order counts as "may have arrived" until it is found or it is proven that it is not there; nothing in here ever repeats a create by itself.
//! What comes to no end is told to a person, and tried on all the same.

use serde_json::{Value, json};

use super::failures::{Disposition, disposition, of_call};
use super::holdings::Held;
use super::point::point;
use super::pull::Worked;
use super::{Host, diverged, flows, message, own_failure};
use crate::clock::Instant;
use crate::contract::orders::{Earlier, Order, OrderEvent, OrderEventKind};
use crate::contract::types::{Entity, Failure, FailureClass, Reason, Warning};
use crate::contract::{OrderPlan, Policy, PushOutcome, Pushed, Unsettled};
use crate::names;
use crate::nobi::revived;
use crate::outbound::{Heard, Lane};
use crate::sandbox::Connector;
use crate::seeing::figures;
use crate::store::{Connection, Intent, OrderEventRow, PAIRS_AWAITED, Settled, Settlement, StoreError, Try, Waiting};

impl Host {
    /// Brings the next waiting event of an order out.
    #[tracing::instrument(level = "info", name = "push", skip(self, held))]
    pub(super) async fn push(&self, connection: i64, order: &str, held: &Held) -> Result<Worked, StoreError> {
        let Some(mut row) = self.store.next_event(connection, order).await? else { return Ok(Worked::Done) };
        let mut owner = self.store.connection(connection).await?.under(held.lease);
        let connector = self.connector(&owner.connector)?.clone();
        if flows(connector.descriptor(), &owner).of(Entity::Order) == Policy::Off {
            // Switched off after it was queued: it waits no longer, and says why.
            return self.end(&owner, &row, Settled::Skipped, None, json!({ "reason": "skip.orders-off" })).await;
        }
        if superseded(&row) {
            // One that may have arrived stays known as that: the event behind it finds out, and cancels what it finds.
            let unseen = !row.earlier.may_have_arrived && row.earlier.seen_as.is_none();
            let reason = if unseen { "skip.never-pushed" } else { "skip.cancelled-since" };
            return self.end(&owner, &row, Settled::Skipped, None, json!({ "reason": reason })).await;
        }

        if row.revived && is_cancel(&row.event.kind) {
            let remote = row.event.order.remote.as_deref().unwrap_or_default();
            return self.refused(&owner, &row, revived(remote)).await;
        }

        // On each path creates and cancels go before reconciles, of which one file brings thousands.
        let lane = if matches!(row.event.kind, OrderEventKind::Reconciled(_)) { Lane::Bulk } else { Lane::Live };
        let errand = self.leased_errand(&owner, connector.descriptor(), lane, held).await?;
        // Only a create has an intent. What any other event comes to depends on what the other side says, so `push-order` alone decides it.
        let creates = matches!(row.event.kind, OrderEventKind::Created) && row.event.order.remote.is_none();
        if creates && self.gone_over(connection, &mut row).await? {
            return Ok(Worked::Done);
        }
        if creates {
            // Nothing is wrong with the order: what it needs is expected back, or a person is asked for it.
            let unsent = !row.earlier.may_have_arrived && row.earlier.seen_as.is_none();
            let products = row.event.order.lines.iter().map(|line| line.product.clone()).collect();
            if unsent && let Some(name) = self.store.resting(connection, &row.event.order.branch, products).await? {
                tracing::info!(connection, order, name, "an order waits for what it needs");
                return Ok(Worked::Again(None));
            }
            // What it lacks may have come in between the two reads: its links are taken as they are now.
            if unsent
                && lacks_a_link(&row.event.order)
                && let Some(now) = self.store.next_event(connection, order).await?.filter(|now| now.id == row.id)
            {
                row.event.order = now.event.order;
            }
            // It was made for another connection's pairs: this one's may not be there yet, and nothing is wrong with the order.
            if unsent && lacks_a_link(&row.event.order) && self.store.came_over(connection, order).await? {
                return self.hold(&owner, &row, pairs_awaited()).await;
            }
        }
        if creates {
            loop {
                let context = self.context(&owner, connector.descriptor());
                let plan = connector.map_order(&context, &row.event).await.result;
                let own_id = match plan.map_err(|error| of_call(&error)).and_then(|answer| answer) {
                    Ok(OrderPlan::Create(plan) | OrderPlan::SetStatus(plan)) => plan.own_id,
                    Ok(OrderPlan::Skip(reason)) => return self.skipped(&owner, &row, reason).await,
                    Err(failure) => return self.refused(&owner, &row, failure).await,
                };
                let intent = Intent { footing: owner.footing(), own_id, record: row.event.order.clone(), at: self.clock.now() };
                match self.store.intend(intent).await {
                    // Another order of the connection has that name: without a code this one is called by its id.
                    Err(StoreError::Taken { .. }) if !row.event.order.code.is_empty() => row.event.order.code.clear(),
                    Err(StoreError::Taken { own_id, order }) => return self.refused(&owner, &row, taken(&own_id, &order)).await,
                    intended => {
                        intended?;
                        break;
                    }
                }
            }
        }
        let looked_for = row.earlier.may_have_arrived || row.earlier.seen_as.is_some();
        if !creates
            && looked_for
            && row.event.order.remote.is_none()
            && let Some(failure) = self.call_by_own_id(&owner, &connector, &mut row).await?
        {
            return self.refused(&owner, &row, failure).await;
        }
        let changes = !creates && !matches!(row.event.kind, OrderEventKind::Updated) && (looked_for || row.event.order.remote.is_some());
        if changes {
            // Written down before the first byte, as an intent is: a host that dies in the middle of it knows of no answer either.
            self.store.unanswered(owner.footing(), row.id, Some(self.clock.now())).await?;
        }
        let context = self.context(&owner, connector.descriptor());
        point("before-send");
        let call = connector.push_order(&context, &row.event, &row.earlier, errand.clone()).await;
        point("answered");
        let said = call.result.is_ok();
        let answer = match call.result {
            Ok(answer) => answer,
            // The call broke off after a request that changes something left, or may have left.
            Err(error) if errand.wrote() => Err(Failure { class: FailureClass::Ambiguous, ..of_call(&error) }),
            Err(error) => Err(of_call(&error)),
        };
        let now = self.clock.now();
        if changes {
            // One without an answer may have taken effect: the guest reads before it sends anything again, and says how long it may not show.
            let open = answer.as_ref().is_err_and(|failure| failure.class == FailureClass::Ambiguous);
            let at = if open { Some(now) } else { row.earlier.status_unanswered };
            self.store.unanswered(owner.footing(), row.id, at).await?;
        }
        let well = answer.is_ok();
        let came = errand.heard();
        let answered = came == Heard::Answers;
        // A call that broke off says nothing of what it heard.
        let heard = if said { came } else { Heard::Nothing };
        let worked = match answer {
            Ok(PushOutcome::Created(pushed)) => self.bound(&owner, &row, "created", pushed).await,
            Ok(PushOutcome::Adopted(pushed)) => self.bound(&owner, &row, "adopted", pushed).await,
            Ok(PushOutcome::Updated(pushed)) => self.bound(&owner, &row, "updated", pushed).await,
            Ok(PushOutcome::Already(pushed)) => self.bound(&owner, &row, "already", pushed).await,
            Ok(PushOutcome::Skipped(reason)) => {
                if creates {
                    self.store.know(owner.footing(), order, row.earlier.clone()).await?;
                }
                if reason.code == "skip.never-pushed" && row.before_connection {
                    self.refused(&owner, &row, before_connection()).await
                } else {
                    self.skipped(&owner, &row, reason).await
                }
            }
            Ok(PushOutcome::Unsettled(unsettled)) => {
                let Unsettled { empty_lookups, again, sweep_from, sent, message } = unsettled;
                let known = Earlier { empty_lookups, ..row.earlier.clone() };
                // Where another connection took over nothing counts here, so that a sweep is wanted at once, for ever.
                let sweep_from = match sweep_from {
                    Some(from) if self.store.successor(connection).await?.is_some() => Some(from.max(again)),
                    from => from,
                };
                let (footing, order) = (owner.footing(), order.to_owned());
                let news = self.store.wait(Waiting { footing, row: row.id, order, known, sweep_from, sent, at: now }).await?;
                let failure = Failure { message, ..own_failure(FailureClass::Ambiguous, "order.unsettled", "", "") };
                self.in_vain(&owner, &row, answered, failure).await?;
                Ok(Worked::Again(Some(if news { 0 } else { u32::try_from(again.saturating_sub(now)).unwrap_or(0) })))
            }
            Err(failure) => {
                if creates {
                    self.store.know(owner.footing(), order, after(&failure, errand.wrote(), &row.earlier, now)).await?;
                }
                errand.disbelieve();
                if let Disposition::AgainAfter(ms) = disposition(&failure.class) {
                    errand.close_last(ms);
                }
                if let Some(reason) = self.listen(&mut owner, heard, Some(&failure.class)).await? {
                    self.store.pause(owner.footing(), now, reason).await?;
                    return Ok(Worked::Again(Some(0)));
                }
                // What waits for goods is told by its product, and a limit is nothing that a person could mend.
                if disposition(&failure.class) == Disposition::Again && failure.class != FailureClass::Held {
                    self.in_vain(&owner, &row, answered, failure.clone()).await?;
                }
                self.refused(&owner, &row, failure).await
            }
        }?;
        if well {
            self.listen(&mut owner, heard, None).await?;
        }
        Ok(worked)
    }

    /// Has an order that is looked for called as it is when it is made, also where the file knows nothing of its making: never by a name that
    /// another order has. Says what stands against that.
    async fn call_by_own_id(
        &self,
        owner: &Connection,
        connector: &Connector,
        row: &mut OrderEventRow,
    ) -> Result<Option<Failure>, StoreError> {
        loop {
            let made = OrderEvent { kind: OrderEventKind::Created, ..row.event.clone() };
            let order = &mut row.event.order;
            let context = self.context(owner, connector.descriptor());
            let Ok(Ok(OrderPlan::Create(plan))) = connector.map_order(&context, &made).await.result else {
                // It could not be made as it is by now, so that nobody says what it is called: not by its code where another order is.
                let by_code = row.own_id.as_ref().is_some_and(|known| known.ends_with(&order.code));
                if !by_code && self.store.shares_code(owner.id, &order.id).await? {
                    order.code.clear();
                }
                return Ok(None);
            };
            match &row.own_id {
                Some(known) if *known == plan.own_id => return Ok(None),
                Some(_) if !order.code.is_empty() => {
                    order.code.clear();
                    continue;
                }
                _ => {}
            }
            match self.store.call(owner.footing(), &order.id, &plan.own_id).await {
                Err(StoreError::Taken { .. }) if !order.code.is_empty() => order.code.clear(),
                Err(StoreError::Taken { own_id, order }) => return Ok(Some(taken(&own_id, &order))),
                called => return called.map(|()| None),
            }
        }
    }

    async fn bound(&self, owner: &Connection, row: &OrderEventRow, how: &str, pushed: Pushed) -> Result<Worked, StoreError> {
        let warnings: Vec<&Warning> = pushed.warnings.iter().collect();
        let outcome = json!({ "how": how, "remote": pushed.remote, "own-id": pushed.own_id, "warnings": warnings });
        self.end(owner, row, Settled::Done, Some(pushed.remote.clone()), outcome).await
    }

    async fn skipped(&self, owner: &Connection, row: &OrderEventRow, reason: Reason) -> Result<Worked, StoreError> {
        let mut outcome = json!({ "reason": reason.code, "message": reason.message });
        if let (OrderEventKind::Updated, Some(sent)) = (&row.event.kind, &row.sent) {
            let differs = diverged::between(sent, &row.event.order);
            if differs.is_empty() {
                self.store.agrees(owner.footing(), &row.event.order.id).await?;
            } else if diverged::is_before_packing(row.stage) {
                let outcome = json!({ "failure": diverged::task(&differs), "diverged": diverged::shown(&differs) });
                return self.end(owner, row, Settled::Failed, None, outcome).await;
            } else if let Value::Object(outcome) = &mut outcome {
                outcome.insert("diverged".to_owned(), diverged::shown(&differs));
            }
        }
        self.end(owner, row, Settled::Skipped, None, outcome).await
    }

    /// Counts a try that came to no end.
    async fn in_vain(&self, owner: &Connection, row: &OrderEventRow, answered: bool, failure: Failure) -> Result<(), StoreError> {
        let most = i64::try_from(self.config.unsettled_most.as_millis()).unwrap_or(i64::MAX);
        self.store.tried(Try { footing: owner.footing(), row: row.id, answered, failure, most, at: self.clock.now() }).await
    }

    async fn end(
        &self,
        owner: &Connection,
        row: &OrderEventRow,
        settled: Settled,
        remote: Option<String>,
        outcome: serde_json::Value,
    ) -> Result<Worked, StoreError> {
        let (footing, at) = (owner.footing(), self.clock.now());
        let word = match settled {
            Settled::Done => "done",
            Settled::Skipped => "skipped",
            Settled::Failed => "failed",
        };
        self.store.settle(Settlement { footing, row: row.id, settled, remote, outcome, at }).await?;
        figures().order(word);
        point("bound");
        Ok(Worked::Done)
    }

    async fn refused(&self, owner: &Connection, row: &OrderEventRow, failure: Failure) -> Result<Worked, StoreError> {
        let (code, class) = (&failure.code, names::failure_class(&failure.class));
        tracing::info!(connection = owner.id, event = row.event.id, code, class, "an order did not go out");
        match disposition(&failure.class) {
            Disposition::Again => Ok(Worked::Again(None)),
            Disposition::Hold => self.hold(owner, row, failure).await,
            Disposition::AgainAfter(ms) => Ok(Worked::Again(Some(ms))),
            Disposition::PauseConnection => {
                let reason = Reason { code: failure.code, message: failure.message };
                self.store.pause(owner.footing(), self.clock.now(), reason).await?;
                Ok(Worked::Again(Some(0)))
            }
            // A right or a setting is missing, not something in this order: it waits, and goes out once a person has mended that.
            Disposition::PauseStream => {
                let reason = Reason { code: failure.code, message: failure.message };
                self.store.pause_stream(owner.footing(), Entity::Order, reason, self.clock.now()).await?;
                // Nobody mends that within seconds.
                Ok(Worked::Again(Some(u32::try_from(self.config.retry_most.as_millis()).unwrap_or(u32::MAX))))
            }
            Disposition::GiveUp => {
                let conflict = failure.class == FailureClass::Conflict;
                let outcome = json!({ "failure": failure });
                let worked = self.end(owner, row, Settled::Failed, None, outcome).await?;
                if let Some(remote) = row.event.order.remote.as_deref().filter(|_| conflict) {
                    self.store.look_at(owner.footing(), remote, self.clock.now()).await?;
                }
                Ok(worked)
            }
        }
    }
}

/// Two orders with one code: the other side could not tell them apart, and neither could a look-up.
fn taken(own_id: &str, order: &str) -> Failure {
    let mut failure = own_failure(
        FailureClass::Conflict,
        "host.own-id-taken",
        &format!("Đơn hàng {order} đã dùng mã {own_id}. Hãy đổi mã của một trong hai đơn rồi gửi lại."),
        &format!("The order {order} already has the id {own_id}. Change the code of one of the two and send it again."),
    );
    failure.message.arguments.extend(message("", "", &[("own-id", own_id), ("order", order)]).arguments);
    failure
}

/// An order that this connection neither made nor was told of: nobody here can say whether it is at the other side.
fn before_connection() -> Failure {
    own_failure(
        FailureClass::Conflict,
        "order.before-connection",
        "Đơn được tạo trước khi nối Nhanh.vn nên kết nối này chưa gửi đơn sang đó. Nếu đơn có trên Nhanh.vn, hãy cập nhật trực tiếp ở đó.",
        "The order was made before this connection, which never sent it. If it is at Nhanh.vn, change it there by hand.",
    )
}

/// An order of a shop that moved, which names what the connection that took over has no pair of yet.
fn pairs_awaited() -> Failure {
    own_failure(
        FailureClass::Held,
        PAIRS_AWAITED,
        "Cửa hàng đã chuyển sang kết nối này, mà chi nhánh hoặc sản phẩm của đơn chưa được ghép ở đây. Hãy đồng bộ Chi nhánh, Sản phẩm rồi xác nhận các \
         cặp đang chờ.",
        "The shop moved to this connection, which has no pair yet of a branch or a product of the order. Sync branches and products, and confirm the \
         pairs that wait.",
    )
}

fn lacks_a_link(order: &Order) -> bool {
    order.remote_branch.is_none() || order.lines.iter().any(|line| line.remote_product.is_none())
}

fn is_cancel(kind: &OrderEventKind) -> bool {
    matches!(kind, OrderEventKind::Cancelled(_) | OrderEventKind::Deleted)
}

/// A create of an order that is not bound, with a cancel or a delete behind it: the order must not be made any more, whether an earlier try
/// of it arrived or not. The payload of any other event is the order as it is now, so the create still goes first.
fn superseded(row: &OrderEventRow) -> bool {
    matches!(row.event.kind, OrderEventKind::Created) && row.event.order.remote.is_none() && row.cancelled_behind
}

/// What is known after a failure: an ambiguous one leaves the order "may have arrived", sent at the latest now, and so does a conflict of the first
/// call in which a byte left: what stands against the order may be that very order. Every other one says that nothing arrived in this call, so what
/// was known before it stands.
fn after(failure: &Failure, wrote: bool, before: &Earlier, now: Instant) -> Earlier {
    if failure.code == "order.refused-as-existing" {
        // A refusal is no send: it made nothing, and says that something is there.
        let refused_as_existing = before.refused_as_existing.or(Some(now));
        return Earlier { may_have_arrived: true, refused_as_existing, ..before.clone() };
    }
    let first_conflict = failure.class == FailureClass::Conflict && wrote && !before.may_have_arrived;
    let open = failure.class == FailureClass::Ambiguous || first_conflict;
    if !open {
        return before.clone();
    }
    Earlier {
        may_have_arrived: true,
        first_sent: before.first_sent.or(Some(now)),
        last_sent: Some(now),
        empty_lookups: 0,
        seen_as: before.seen_as.clone(),
        gone: before.gone,
        refused_as_existing: before.refused_as_existing,
        ..Earlier::UNTOUCHED
    }
}
