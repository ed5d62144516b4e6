//! Product groups: a tree at Nhanh, flat rows with a parent at Nobi.
//!
//! A group whose parent is not there, or is itself, becomes a root; a switched-off one is hidden, not skipped.

use std::collections::BTreeSet;

use crate::wit::catalog::Category;

/// Drops repeats, and parents that nobody is.
#[must_use]
pub fn settle(mut categories: Vec<Category>) -> Vec<Category> {
    let mut ids = BTreeSet::new();
    categories.retain(|it| ids.insert(it.id.clone()));
    for category in &mut categories {
        category.parent = category.parent.take().filter(|parent| ids.contains(parent) && *parent != category.id);
    }
    categories
}
