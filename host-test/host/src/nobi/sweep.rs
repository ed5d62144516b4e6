//! What the rows of a pull of everything leave out. A row that adds up to the product's own totals says that a branch which it does not list
//! holds none of it, and at the end of the pull that is written; a branch that no pull of branches lists any more rests. Never by a webhook,
//! never in a pull of single records or of changes, and never at a branch that no row of the same pull listed: a grant or a setting at the
//! other side may hide a whole branch.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::gone::of_record;
use super::links::{LinkState, mark};
use super::product::{NO_STOCK, is_untracked};
use super::{Answer, Applier, Hold};
use crate::contract::Policy;
use crate::contract::catalog::{BranchStock, Change, ProductKind};
use crate::contract::types::{Argument, Entity, Message, Warning};
use crate::names;
use crate::store::sqlite::{notify_of, to_json};
use crate::store::{ConnectionId, Result};

/// As many levels of one branch may become 0 at once, whatever their share.
const FEW: usize = 20;
/// Of a branch's levels above 0, one in so many may become 0 at once.
const SHARE: usize = 5;
/// Pulls of all branches that a branch is missing from before it rests.
const MISSED: u32 = 2;

/// Why a branch's levels wait for a person.
const EMPTIED: &str = "stock.branch-emptied";
/// Of how many they are told.
const LEVELS: &str = "levels";

/// What the rows of one page listed.
#[derive(Default)]
pub(super) struct Listed {
    branches: BTreeSet<String>,
    /// The products of which other branches hold none, with the branches that their rows listed.
    whole: BTreeMap<String, BTreeSet<String>>,
    /// The products of which nobody can say so.
    part: BTreeSet<String>,
}

impl Listed {
    pub(super) fn note(&mut self, change: &Change) {
        let (product, levels, whole) = match change {
            Change::Branch(branch) => {
                self.branches.insert(branch.id.clone());
                return;
            }
            Change::Product(row) => {
                let tracked = !NO_STOCK.contains(&row.kind) && row.kind != ProductKind::Combo;
                let Some(levels) = &row.stock else { return };
                (&row.id, levels, row.others_are_zero && tracked)
            }
            Change::Stock(row) => (&row.product, &row.levels, row.others_are_zero && !row.provisional),
            _ => return,
        };
        for level in levels {
            if !self.branches.contains(&level.branch) {
                self.branches.insert(level.branch.clone());
            }
        }
        if whole {
            self.part.remove(product);
            self.whole.insert(product.clone(), levels.iter().map(|level| level.branch.clone()).collect());
        } else {
            // Another row of the same product says otherwise.
            self.whole.remove(product);
            self.part.insert(product.clone());
        }
    }
}

/// A level that becomes 0.
struct Left {
    product: String,
    nobi: i64,
    available: i64,
}

impl Applier<'_> {
    /// Keeps what this page of a pull of everything listed, until the pull ends. `first`: what an earlier try of the pull kept is of another
    /// grant, and goes. `also`: branches that were there and could not be read.
    pub(crate) fn keep_listed(&mut self, run: i64, first: bool, also: impl Iterator<Item = String>) -> Result<()> {
        if first {
            forget_listed(self.sqlite, run)?;
        }
        let mut listed = std::mem::take(&mut self.listed);
        listed.branches.extend(also);
        let mut insert = self.sqlite.prepare_cached("INSERT OR IGNORE INTO sweep_branch (run, branch) VALUES (?1, ?2)")?;
        for branch in &listed.branches {
            insert.execute(params![run, branch])?;
        }
        // What waits for its branch is a level like any other: sold out since, where the row leaves that branch out.
        let mut unpark = self.sqlite.prepare_cached(
            "DELETE FROM parked_stock WHERE connection = ?1 AND product = ?2 AND branch NOT IN (SELECT value FROM json_each(?3))",
        )?;
        // What an earlier page said of the product is over, whatever this one says.
        let mut forget = self.sqlite.prepare_cached("DELETE FROM sweep_product WHERE run = ?1 AND product = ?2")?;
        for (product, branches) in &listed.whole {
            unpark.execute(params![self.connection.id, product, to_json(branches)?])?;
            forget.execute(params![run, product])?;
        }
        for product in &listed.part {
            forget.execute(params![run, product])?;
        }
        if self.policies.of(Entity::Stock) == Policy::Off {
            return Ok(());
        }
        // A row that lists each branch with a pair leaves none out.
        let known = self.granted_branches()?;
        let mut insert =
            self.sqlite.prepare_cached("INSERT OR REPLACE INTO sweep_product (run, product, listed, at) VALUES (?1, ?2, ?3, ?4)")?;
        for (product, branches) in listed.whole {
            if known.iter().any(|(branch, _)| !branches.contains(branch)) {
                insert.execute(params![run, product, to_json(&branches)?, self.at])?;
            }
        }
        Ok(())
    }

    /// Whoever tells levels of a product while a pull of everything is under way: they are newer than what that pull read of it, also where
    /// they are the same as those that are known.
    pub(super) fn told_anew(&mut self, change: &Change) -> Result<()> {
        let product = match change {
            Change::Product(row) if row.stock.is_some() => &row.id,
            Change::Stock(row) => &row.product,
            _ => return Ok(()),
        };
        if self.under_way.is_none() {
            let mut statement = self.sqlite.prepare_cached(
                "SELECT id FROM run WHERE connection = ?1 AND state IN ('waiting', 'running')
                   AND EXISTS (SELECT 1 FROM sweep_product WHERE run = run.id)",
            )?;
            let rows = statement.query_map([self.connection.id], |row| row.get(0))?;
            self.under_way = Some(rows.collect::<std::result::Result<_, _>>()?);
        }
        for run in self.under_way.iter().flatten() {
            self.sqlite.prepare_cached("DELETE FROM sweep_product WHERE run = ?1 AND product = ?2")?.execute(params![run, product])?;
        }
        Ok(())
    }

    /// The pull came to its end: writes what its rows left out.
    pub(crate) fn end_sweep(&mut self, run: i64, entity: Entity) -> Result<()> {
        if entity == Entity::Branch {
            self.missing_branches(run)?;
        } else if self.policies.of(Entity::Stock) != Policy::Off {
            for (branch, nobi) in self.granted_branches()? {
                if self.is_listed(run, &branch)? {
                    self.zero_the_rest(run, &branch, nobi)?;
                }
            }
        }
        forget_listed(self.sqlite, run)
    }

    /// The branches of the grant that have a pair: the other side's id and Nobi's.
    fn granted_branches(&self) -> Result<Vec<(String, i64)>> {
        let scope = self.connection.account.as_ref().map(|account| account.branches.as_slice()).unwrap_or_default();
        let mut statement = self.sqlite.prepare_cached(
            "SELECT remote, nobi FROM link WHERE connection = ?1 AND entity = 'branch' AND state = 'linked' AND nobi IS NOT NULL",
        )?;
        let rows = statement.query_map([self.connection.id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let mut linked = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        linked.retain(|(remote, _)| scope.is_empty() || scope.contains(remote));
        Ok(linked)
    }

    fn is_listed(&self, run: i64, branch: &str) -> Result<bool> {
        Ok(self
            .sqlite
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM sweep_branch WHERE run = ?1 AND branch = ?2)")?
            .query_row(params![run, branch], |row| row.get(0))?)
    }

    fn zero_the_rest(&mut self, run: i64, branch: &str, nobi: i64) -> Result<()> {
        let left = self.left_out(run, branch, nobi)?;
        let lowered = left.iter().filter(|level| level.available > 0).count();
        let hold = Hold { entity: Entity::Branch, remote: branch, code: EMPTIED };
        if lowered > FEW && lowered.saturating_mul(SHARE) > self.positive_levels(nobi)? {
            match self.answer(&hold)? {
                Some(Answer::Keep) => return Ok(()),
                // A person said so of the number that they were told, and of no greater one.
                Some(Answer::Take) if self.told_levels(&hold)?.is_some_and(|told| lowered <= told) => {}
                answer => {
                    if answer.is_some() {
                        self.let_go(&hold)?;
                    }
                    let name = self.branch_name(nobi)?;
                    return self.hold(&hold, &emptied(&name, lowered));
                }
            }
        }
        self.let_go(&hold)?;
        for Left { product, nobi: of, .. } in left {
            let level = BranchStock { branch: branch.to_owned(), on_hand: 0, reserved: 0, shipping: 0, damaged: 0, available: 0 };
            if !is_untracked(self.sqlite, of)? && !self.is_turned(&product)? {
                let effect = self.level_at(&product, of, nobi, &level, false)?;
                self.count(Entity::Stock, effect);
            }
        }
        Ok(())
    }

    /// Of how many levels a person was told.
    fn told_levels(&self, hold: &Hold<'_>) -> Result<Option<usize>> {
        let message = self.message(hold)?;
        let told = message.and_then(|it| it.arguments.into_iter().find(|argument| argument.name == LEVELS));
        Ok(told.and_then(|argument| argument.value.parse().ok()))
    }

    /// The levels at a branch that may be written and that no row of the pull listed, though each product's row spoke of all of its stock.
    /// What was written after the row was read is newer than the row.
    fn left_out(&self, run: i64, branch: &str, nobi: i64) -> Result<Vec<Left>> {
        let mut statement = self.sqlite.prepare_cached(
            "SELECT swept.product, link.nobi, nobi_stock.available FROM sweep_product AS swept
             JOIN link ON link.connection = ?1 AND link.entity = 'product' AND link.remote = swept.product AND link.state = 'linked'
             JOIN nobi_stock ON nobi_stock.product = link.nobi AND nobi_stock.branch = ?3
             WHERE swept.run = ?2 AND nobi_stock.updated <= swept.at AND (?5 OR nobi_stock.provisional)
               AND (nobi_stock.available <> 0 OR on_hand <> 0 OR reserved <> 0 OR shipping <> 0 OR damaged <> 0)
               AND NOT EXISTS (SELECT 1 FROM json_each(swept.listed) WHERE json_each.value = ?4)",
        )?;
        let all = self.may_update(Entity::Stock);
        let rows = statement.query_map(params![self.connection.id, run, nobi, branch, all], |row| {
            Ok(Left { product: row.get(0)?, nobi: row.get(1)?, available: row.get(2)? })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    fn positive_levels(&self, nobi: i64) -> Result<usize> {
        let count: i64 = self
            .sqlite
            .prepare_cached(
                "SELECT count(*) FROM link JOIN nobi_stock ON nobi_stock.product = link.nobi AND nobi_stock.branch = ?2
                 WHERE link.connection = ?1 AND link.entity = 'product' AND link.state = 'linked' AND nobi_stock.available > 0",
            )?
            .query_row(params![self.connection.id, nobi], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    fn branch_name(&self, nobi: i64) -> Result<String> {
        Ok(self.sqlite.prepare_cached("SELECT name FROM nobi_branch WHERE id = ?1")?.query_row([nobi], |row| row.get(0))?)
    }

    /// A branch that two pulls in a row have not listed rests: its levels stay, its orders wait. Once it is listed again all goes on.
    fn missing_branches(&mut self, run: i64) -> Result<()> {
        let mut statement = self.sqlite.prepare_cached(
            "SELECT remote, nobi, absent FROM link WHERE connection = ?1 AND entity = 'branch' AND state = 'linked' AND nobi IS NOT NULL",
        )?;
        let rows = statement
            .query_map([self.connection.id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(2)?)))?;
        let linked = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        drop(statement);
        self.nothing_granted(run)?;
        for (remote, nobi, absent) in linked {
            let now = if self.is_listed(run, &remote)? { 0 } else { absent.saturating_add(1) };
            if now != absent {
                self.sqlite
                    .prepare_cached("UPDATE link SET absent = ?3 WHERE connection = ?1 AND entity = 'branch' AND remote = ?2")?
                    .execute(params![self.connection.id, remote, now])?;
            }
            if now >= MISSED && mark(self.sqlite, self.connection.id, Entity::Branch, &remote, LinkState::Gone, self.at)? {
                let name = self.branch_name(nobi)?;
                let about = of_record(Entity::Branch, &remote);
                notify_of(self.sqlite, self.connection.id, self.at, &about, "branch.not-listed", &not_listed(&name))?;
                self.done.tally.count(names::entity(Entity::Branch), "gone");
            }
        }
        Ok(())
    }

    /// A pull of branches that lists none says so, as a remark on no record in particular.
    fn nothing_granted(&mut self, run: i64) -> Result<()> {
        let any = "SELECT EXISTS (SELECT 1 FROM sweep_branch WHERE run = ?1)";
        if self.sqlite.prepare_cached(any)?.query_row([run], |row| row.get(0))? {
            let forget = "DELETE FROM warned WHERE connection = ?1 AND entity = 'branch' AND remote = '' AND code = 'branch.none-listed'";
            self.sqlite.prepare_cached(forget)?.execute([self.connection.id])?;
        } else {
            let warning = Warning { code: "branch.none-listed".to_owned(), message: none_listed(), subject: None, field: None };
            self.done.warnings.push((Entity::Branch, warning));
        }
        Ok(())
    }
}

/// A pull of all stock failed: what a person said was of what that one would have read, and they are asked again.
pub(crate) fn ask_anew(sqlite: &rusqlite::Connection, connection: ConnectionId) -> Result<()> {
    sqlite
        .prepare_cached(
            "UPDATE held_record SET answer = NULL WHERE connection = ?1 AND entity = 'branch' AND code = ?2 AND answer = 'take'",
        )?
        .execute(params![connection, EMPTIED])?;
    Ok(())
}

/// What a pull kept until its end is not needed any more.
pub(crate) fn forget_listed(sqlite: &rusqlite::Connection, run: i64) -> Result<()> {
    for table in ["sweep_branch", "sweep_product"] {
        sqlite.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1"))?.execute([run])?;
    }
    Ok(())
}

fn argument(name: &str, value: &str) -> Argument {
    Argument { name: name.to_owned(), value: value.to_owned() }
}

fn emptied(name: &str, levels: usize) -> Message {
    Message {
        vi: format!(
            "Lần đọc tồn vừa rồi không còn thấy {levels} sản phẩm ở chi nhánh \"{name}\", hơn một phần năm số đang có hàng. Có thể kho đã bán hết, cũng có thể kho bị ẩn bởi quyền hoặc thiết lập ở Nhanh.vn. Tồn ở chi nhánh này chưa ghi 0."
        ),
        en: format!(
            "The last whole read of stock has no row of {levels} products at branch \"{name}\", more than a fifth of those in stock there. They may be sold out, or the branch may be hidden by the grant or a setting at Nhanh.vn. No 0 was written there."
        ),
        arguments: vec![argument("branch", name), argument(LEVELS, &levels.to_string())],
    }
}

fn none_listed() -> Message {
    Message {
        vi: "Hệ thống được kết nối không cho thấy kho nào: tài khoản đăng nhập chưa được cấp quyền kho. Hãy đăng nhập lại và chọn các kho."
            .to_owned(),
        en: "Nhanh.vn shows no place that holds stock: the login was granted none. Log in again and choose them.".to_owned(),
        arguments: Vec::new(),
    }
}

fn not_listed(name: &str) -> Message {
    Message {
        vi: format!(
            "Kho của chi nhánh \"{name}\" không còn trong danh sách ở hai lần đọc liền: có thể đã đóng hoặc không còn được cấp quyền. Tồn của chi nhánh được giữ nguyên, đơn của chi nhánh chờ; khi kho có lại, mọi thứ tự chạy tiếp."
        ),
        en: format!(
            "The place of branch \"{name}\" was missing from two reads in a row: it may be closed, or not granted any more. The branch's levels stay as they are and its orders wait; once it is there again all goes on by itself."
        ),
        arguments: vec![argument("branch", name)],
    }
}
