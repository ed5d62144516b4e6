//! Branches (chi nhánh). Nobi requires a phone and a representative; where the other side has none, the connection's defaults are used and
//! the record says so.

use rusqlite::params;

use super::links::{link, wait};
use super::matching::Match;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Branch;
use crate::contract::types::{Entity, Message, Warning};
use crate::store::Result;
use crate::store::sqlite::{from_json, to_json};

/// What stands in a required field where neither the other side nor the merchant gave a value.
const NOT_GIVEN: &str = "Chưa có";
/// The two fields of a branch that Nobi requires, and the fields of the form that hold their defaults.
const PHONE: &str = "phone";
const REPRESENTATIVE: &str = "representative";
const DEFAULT_PHONE: &str = "default-branch-phone";
const DEFAULT_REPRESENTATIVE: &str = "default-branch-representative";

impl Applier<'_> {
    pub(super) fn branch(&mut self, branch: &Branch) -> Result<()> {
        let effect = match self.pair(Entity::Branch, &branch.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((state, Some(nobi))) => {
                if state == LinkState::Gone {
                    self.woke(nobi)?;
                }
                self.existing_branch(nobi, branch)?
            }
            Some(_) | None if !self.may_create(Entity::Branch) => Effect::Dropped,
            Some(_) | None => self.new_branch(branch)?,
        };
        self.count(Entity::Branch, effect);
        Ok(())
    }

    fn new_branch(&mut self, branch: &Branch) -> Result<Effect> {
        let id = self.connection.id;
        match self.match_branch(branch)? {
            Match::Several(candidates) => {
                wait(self.sqlite, id, Entity::Branch, &branch.id, &candidates, self.at)?;
                Ok(Effect::Waiting)
            }
            Match::PutOff => Ok(Effect::PutOff),
            Match::One(nobi) => {
                link(self.sqlite, id, Entity::Branch, &branch.id, nobi, self.at)?;
                self.unpark(&branch.id)?;
                Ok(Effect::Linked)
            }
            Match::None => {
                let (phone, representative, defaulted) = self.required(branch);
                self.sqlite
                    .prepare_cached(
                        "INSERT INTO nobi_branch (tenant, code, name, phone, representative, defaulted, address)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute(params![
                        self.connection.tenant,
                        branch.code,
                        branch.name,
                        phone,
                        representative,
                        to_json(&defaulted)?,
                        branch.address
                    ])?;
                let nobi = self.sqlite.last_insert_rowid();
                let now = [(PHONE, phone.as_str()), (REPRESENTATIVE, representative.as_str())];
                self.remark(branch, now.into_iter().filter(|(field, _)| defaulted.contains(field)));
                link(self.sqlite, id, Entity::Branch, &branch.id, nobi, self.at)?;
                self.unpark(&branch.id)?;
                Ok(Effect::Created)
            }
        }
    }

    /// By its code, where it has one. Never by name.
    fn match_branch(&mut self, branch: &Branch) -> Result<Match> {
        if let Some(chosen) = self.match_as_chosen(Entity::Branch, &branch.id)? {
            return Ok(chosen);
        }
        let Some(code) = branch.code.as_deref().filter(|code| !code.is_empty()) else { return Ok(Match::None) };
        let mut statement = self.sqlite.prepare_cached("SELECT id FROM nobi_branch WHERE tenant = ?1 AND code = ?2 LIMIT 20")?;
        let rows = statement.query_map(params![self.connection.tenant, code], |row| row.get(0))?;
        let found = rows.collect::<std::result::Result<_, _>>()?;
        drop(statement);
        self.decide(Entity::Branch, &branch.id, found)
    }

    fn existing_branch(&mut self, nobi: i64, branch: &Branch) -> Result<Effect> {
        let (known, defaulted) = self
            .sqlite
            .prepare_cached("SELECT name, code, phone, representative, address, defaulted FROM nobi_branch WHERE id = ?1")?
            .query_row([nobi], |row| {
                let known: [Option<String>; 5] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                Ok((known, row.get::<_, String>(5)?))
            })?;
        // Nobi requires phone and representative: there, "told to be empty" is as good as not told. Where nobody gave one yet, a default that
        // was filled in since comes in as what is told does.
        let waits = |index: usize| known.get(index).and_then(Option::as_deref) == Some(NOT_GIVEN);
        let default = |index: usize, key: &str| self.setting(key).filter(|_| waits(index)).map(str::to_owned);
        let told = |told: &Option<String>| told.clone().filter(|text| !text.is_empty());
        let phone = told(&branch.phone).or_else(|| default(2, DEFAULT_PHONE));
        let representative = told(&branch.representative).or_else(|| default(3, DEFAULT_REPRESENTATIVE));
        let mut still_defaulted: Vec<String> = from_json(&defaulted)?;
        still_defaulted.retain(|field| match field.as_str() {
            PHONE => told(&branch.phone).is_none(),
            _ => told(&branch.representative).is_none(),
        });
        let told = [Some(branch.name.clone()), branch.code.clone(), phone, representative, branch.address.clone()];
        let differs = !told.iter().zip(&known).all(|(told, known)| told.is_none() || told == known);
        let updated = differs && self.may_update(Entity::Branch);
        let now = |index: usize| told.get(index).and_then(Option::as_deref).filter(|_| updated).unwrap_or(NOT_GIVEN);
        let waited =
            [(2, PHONE), (3, REPRESENTATIVE)].into_iter().filter(|(index, _)| waits(*index)).map(|(index, field)| (field, now(index)));
        let ours = |field: &str, value: &str| value == NOT_GIVEN || still_defaulted.iter().any(|it| it == field);
        self.remark(branch, waited.filter(|(field, value)| ours(field, value)));
        if !differs {
            return Ok(Effect::Unchanged);
        }
        if !updated {
            return Ok(Effect::Kept);
        }
        let [name, code, phone, representative, address] = told;
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_branch SET name = ?2, code = coalesce(?3, code), phone = coalesce(?4, phone),
                   representative = coalesce(?5, representative), address = coalesce(?6, address), defaulted = ?7
                 WHERE id = ?1",
            )?
            .execute(params![nobi, name, code, phone, representative, address, to_json(&still_defaulted)?])?;
        Ok(Effect::Updated)
    }

    fn required(&self, branch: &Branch) -> (String, String, Vec<&'static str>) {
        let mut defaulted = Vec::new();
        let mut fill = |told: &Option<String>, field: &'static str, setting: Option<&str>| match told {
            Some(text) if !text.is_empty() => text.clone(),
            _ => {
                defaulted.push(field);
                setting.unwrap_or(NOT_GIVEN).to_owned()
            }
        };
        let phone = fill(&branch.phone, PHONE, self.setting(DEFAULT_PHONE));
        let representative = fill(&branch.representative, REPRESENTATIVE, self.setting(DEFAULT_REPRESENTATIVE));
        (phone, representative, defaulted)
    }

    /// Says which required fields nobody gave a value of, and which got the connection's: only of what stands there now.
    fn remark<'v>(&mut self, branch: &Branch, fields: impl Iterator<Item = (&'static str, &'v str)>) {
        let (missing, used): (Vec<_>, Vec<_>) = fields.partition(|(_, value)| *value == NOT_GIVEN);
        for (code, fields) in [("branch.default-missing", missing), ("branch.default-used", used)] {
            let field = match fields.as_slice() {
                [] => continue,
                [(field, _)] => Some(format!("/{field}")),
                _ => None,
            };
            let message = if code == "branch.default-used" { used_of(&fields) } else { missing_of(&fields) };
            let warning = Warning { code: code.to_owned(), message, subject: Some(branch.id.clone()), field };
            self.done.warnings.push((Entity::Branch, warning));
        }
    }
}

/// The fields as people call them.
fn called(fields: &[(&str, &str)]) -> (String, String) {
    let (vi, en): (Vec<&str>, Vec<&str>) = fields
        .iter()
        .map(|(field, _)| if *field == PHONE { ("số điện thoại", "phone") } else { ("người đại diện", "representative") })
        .unzip();
    (vi.join(" và "), en.join(" and "))
}

fn used_of(fields: &[(&str, &str)]) -> Message {
    let (vi, en) = called(fields);
    let values: Vec<String> = fields.iter().map(|(_, value)| format!("\"{value}\"")).collect();
    let values = values.join(", ");
    Message {
        vi: format!("Kho này không có {vi}; chi nhánh ở Nobi Pro đã ghi giá trị mặc định {values}."),
        en: format!("This depot has no {en}; the branch at Nobi Pro got the default {values}."),
        arguments: Vec::new(),
    }
}

fn missing_of(fields: &[(&str, &str)]) -> Message {
    let (vi, en) = called(fields);
    Message {
        vi: format!("Chi nhánh ở Nobi Pro vẫn chưa có {vi}."),
        en: format!("The branch at Nobi Pro still has no {en}."),
        arguments: Vec::new(),
    }
}

/// What is wrong with a value of the form that this module writes into branches.
pub(crate) fn fault_of_setting(key: &str, value: &str) -> Option<Message> {
    (key == DEFAULT_PHONE && !is_phone(value)).then(|| Message {
        vi: "Cần một số điện thoại Việt Nam, ví dụ 0912 345 678 hoặc 024 3825 1234.".to_owned(),
        en: "Needs a Vietnamese phone number, such as 0912 345 678 or 024 3825 1234.".to_owned(),
        arguments: Vec::new(),
    })
}

/// A number of ten or eleven digits behind its 0, however it is written, or a hotline.
fn is_phone(text: &str) -> bool {
    let text = text.trim();
    if !text.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, ' ' | '.' | '-' | '(' | ')' | '+')) {
        return false;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let hotline = ["1800", "1900"].iter().any(|it| digits.starts_with(it)) && (8..=10).contains(&digits.len());
    let abroad = digits.strip_prefix("0084").or_else(|| digits.strip_prefix("84").filter(|rest| rest.len() > 8));
    let national = abroad.or_else(|| digits.strip_prefix('0')).map(|rest| rest.strip_prefix('0').unwrap_or(rest));
    // A mobile number has nine digits behind the 0, a landline ten.
    hotline || national.is_some_and(|rest| matches!(rest.len(), 9 | 10) && !rest.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_one_that_somebody_can_call() {
        for good in [
            "0912345678",
            "0912 345 678",
            "+84 912 345 678",
            "84912345678",
            "0084912345678",
            "024.3825.1234",
            "(028) 3822 5678",
            "19001234",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "không phải số", "0912", "091234567890", "0012345678", "0912345678 (Lan)", "123456789"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
