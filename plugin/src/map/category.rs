//! Product groups: a tree at Nhanh, flat rows with a parent at Nobi.
//!
//! A group whose parent is not there, or is itself, becomes a root; a switched-off one is hidden, not skipped.

use std::collections::BTreeSet;

use crate::map::Notes;
use crate::wit::catalog::Category;

/// Drops repeats, and parents that nobody is.
#[must_use]
pub fn settle(mut categories: Vec<Category>, notes: &mut Notes) -> Vec<Category> {
    let mut ids = BTreeSet::new();
    categories.retain(|it| {
        let is_first = ids.insert(it.id.clone());
        if !is_first {
            notes.repeated(&it.id);
        }
        is_first
    });
    for category in &mut categories {
        if let Some(parent) = category.parent.take_if(|parent| !ids.contains(parent) || *parent == category.id) {
            notes.orphan(&category.id, &parent);
        }
    }
    categories
}
