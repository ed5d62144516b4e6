//! Orders that Nhanh made of one of ours: exchanges, returns, parts that were split off, and what one that is gone went into. They are found among
//! the orders to its phone. One of which nobody can say whether it is such an order must never count as none.

use crate::nhanh::errors::{Access, NoData};
use crate::nhanh::wire::{Kind, Seen, took_in};
use crate::push::Push;
use crate::push::look_up::{lives, unreadable_orders};
use crate::sender::Sender;
use crate::wit::types::{Failure, FailureClass, RemoteId};

/// Requests for histories of orders that one that is gone may have gone into.
const MOST_HISTORIES: usize = 20;

impl<S: Sender> Push<'_, S> {
    /// Whether the other one lives and came of this one: it names it, or has its own id.
    pub(super) fn came_of(&self, remote: &RemoteId, other: &Seen) -> bool {
        other.status.order != *remote
            && lives(other)
            && (other.origin.as_ref() == Some(remote) || other.status.own_id.as_deref() == Some(self.own_id.as_str()))
    }

    /// A living order that Nhanh made of this one, as far as this call knows; with `in_part` only what came back of a delivery in part.
    pub(crate) fn known_child(&self, in_part: bool) -> Option<RemoteId> {
        let mut children = self.children.iter().flatten().filter(|it| !in_part || it.kind == Kind::BackInPart);
        children.next().map(|it| it.status.order.clone())
    }

    /// The same of an order that was read by its id. Its row names no child, so the orders to its phone are looked through, once a call: the
    /// phone that Nhanh has, which its children have too, then ours where that list lacks the order itself. A part that 2.0 splits off
    /// names no original, and is known only where it has our own id.
    ///
    /// # Errors
    /// A list that was refused or not understood: whether there is a child is not known, and nothing may be sent.
    pub(crate) fn child_of(&mut self, seen: &Seen, in_part: bool) -> Result<Option<RemoteId>, Failure> {
        if self.children.is_none() {
            let remote = &seen.status.order;
            let mut children = Vec::new();
            self.unclear = None;
            for phone in self.phones(seen.phone.as_deref()) {
                let (orders, ended) = self.orders_to(&phone)?;
                let itself = orders.iter().any(|it| it.status.order == *remote);
                children.extend(orders.into_iter().filter(|it| self.came_of(remote, it)));
                if children.is_empty() {
                    self.all_clear(ended)?;
                }
                if itself || !children.is_empty() {
                    break;
                }
            }
            self.children = Some(children);
        }
        Ok(self.known_child(in_part))
    }

    /// Fails where nobody can say of a living order what it came of, or a list did not end.
    fn all_clear(&self, ended: bool) -> Result<(), Failure> {
        match &self.unclear {
            Some(order) => Err(unreadable_orders().about(order.as_str())),
            None if ended => Ok(()),
            None => Err(unreadable_orders()),
        }
    }

    /// The living order that one that is gone seems to have become, or to have gone into: one to the same phone that names it or has its own
    /// id, else one whose history tells of a merge or of a copy. No field of either dialect is documented for that, and a history tells of
    /// no other order: what comes of it is for a person to look at. Where no history may be read, or too many
    /// would have to be, any other order may be it.
    pub(crate) fn heir_of(&mut self, remote: &RemoteId) -> Result<Option<RemoteId>, Failure> {
        let mut orders = Vec::new();
        for phone in self.phones(None) {
            let (seen, ended) = self.orders_to(&phone)?;
            if !ended {
                return Err(unreadable_orders());
            }
            orders.extend(seen.into_iter().filter(|it| it.status.order != *remote && lives(it)));
            if !orders.is_empty() {
                break;
            }
        }
        let ids: Vec<RemoteId> = orders.iter().filter(|it| it.kind == Kind::Sale).map(|it| it.status.order.clone()).collect();
        if let Some(heir) = orders.iter().find(|it| self.came_of(remote, it)) {
            return Ok(Some(heir.status.order.clone()));
        }
        self.all_clear(true)?;
        let wire = self.wire;
        for (asked, some) in ids.chunks(wire.batch()).enumerate() {
            if asked == MOST_HISTORIES {
                return Ok(some.first().cloned());
            }
            let request = wire.history(self.settings, some)?;
            match self.ask(request, Access::Read, |reply| took_in(reply, some)) {
                Ok(heir) => {
                    if let Some(heir) = heir? {
                        return Ok(Some(heir));
                    }
                }
                Err(NoData::Refused(refusal)) if refusal.is_plain() || refusal.failure.class == FailureClass::Forbidden => {
                    return Ok(some.first().cloned());
                }
                Err(no) => return Err(self.failure(no)),
            }
        }
        Ok(None)
    }
}
