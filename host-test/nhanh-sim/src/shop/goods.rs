//! What people and apps do to products and stock.
//!
//! A stock movement must never touch a product's `updated_ms`: filters by update time are blind to stock (reference section 3.1).

use super::{Event, Ids, Level, Product, Quantity, Shop};

impl Shop {
    /// Adds a product and gives it an id.
    pub(crate) fn add_product(&mut self, business: i64, mut product: Product, now_ms: i64) -> Option<i64> {
        let home = self.businesses.get_mut(&business)?;
        product.id = Ids::take(&mut self.ids.product);
        product.created_ms = now_ms;
        product.updated_ms = now_ms;
        product.stock_ms = now_ms;
        let id = product.id;
        home.file_product(product);
        self.note(business, Event::ProductAdd(id));
        Some(id)
    }

    /// Changes a product's information. Stock is changed by [`Shop::change_level`] alone: what the edit does to it is undone.
    pub(crate) fn edit_product(&mut self, id: i64, edit: impl FnOnce(&mut Product), now_ms: i64) -> bool {
        let Some(business) = self.home_of_product(id) else { return false };
        let Some(home) = self.businesses.get_mut(&business) else { return false };
        let Some(mut product) = home.products.remove(&id) else { return false };
        let (stock, stock_ms) = (product.stock.clone(), product.stock_ms);
        edit(&mut product);
        product.id = id;
        product.stock = stock;
        product.stock_ms = stock_ms;
        product.updated_ms = now_ms;
        home.file_product(product);
        self.note(business, Event::ProductUpdate(id));
        true
    }

    /// Deletes a product and, of a parent, its variants.
    pub(crate) fn delete_product(&mut self, id: i64) -> bool {
        let Some(business) = self.home_of_product(id) else { return false };
        let Some(home) = self.businesses.get_mut(&business) else { return false };
        let mut gone = vec![id];
        gone.extend(home.variants.remove(&id).into_iter().flatten());
        for id in &gone {
            if let Some(product) = home.products.remove(id)
                && let Some(own) = product.own_id
            {
                home.products_by_own_id.remove(&own);
            }
        }
        for variants in home.variants.values_mut() {
            variants.remove(&id);
        }
        self.note(business, Event::ProductDelete(gone));
        true
    }

    /// Changes one level of one product.
    pub(crate) fn change_level(&mut self, product: i64, depot: i64, change: impl FnOnce(&mut Level), now_ms: i64) -> bool {
        let Some(business) = self.home_of_product(product) else { return false };
        let Some(home) = self.businesses.get_mut(&business) else { return false };
        // What a closed depot holds still moves with the orders that it has.
        if !home.depots.contains_key(&depot) && !home.closed_depots.contains_key(&depot) {
            return false;
        }
        let Some(row) = home.products.get_mut(&product) else { return false };
        change(row.stock.entry(depot).or_default());
        row.stock_ms = now_ms;
        self.note(business, Event::InventoryChange(product));
        true
    }

    /// Sets what a depot has on hand of a product.
    pub(crate) fn set_remain(&mut self, product: i64, depot: i64, remain: Quantity, now_ms: i64) -> bool {
        self.change_level(product, depot, |level| level.remain = remain, now_ms)
    }
}
