//! What to do about a code, in both languages: the columns "Xử lý" and "What to do" of `docs/codes.md`, which is the one place where that is
//! written. A code that is not listed there has no advice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::lang::Lang;

const CODES: &str = include_str!("../../../../../docs/codes.md");

/// What is written of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    vi: &'static str,
    en: &'static str,
    /// In Vietnamese: when it comes.
    when_vi: &'static str,
    when_en: &'static str,
}

impl Advice {
    /// What a person can do.
    pub(super) fn fix(self, lang: Lang) -> &'static str {
        if lang == Lang::En { self.en } else { self.vi }
    }

    /// When the code comes: what stands for a sentence where none was kept.
    pub(super) fn when(self, lang: Lang) -> &'static str {
        if lang == Lang::En { self.when_en } else { self.when_vi }
    }
}

/// What is written of a code.
pub(super) fn of(code: &str) -> Option<Advice> {
    static ALL: LazyLock<BTreeMap<&'static str, Advice>> = LazyLock::new(|| rows(CODES));
    ALL.get(code).copied()
}

/// Every table whose first column is the code: the columns are found by their heads.
fn rows(page: &'static str) -> BTreeMap<&'static str, Advice> {
    let mut rows = BTreeMap::new();
    let mut heads: Vec<&str> = Vec::new();
    for line in page.lines() {
        let Some(inside) = line.trim().strip_prefix('|') else {
            heads.clear();
            continue;
        };
        let cells: Vec<&'static str> = inside.trim_end_matches('|').split('|').map(str::trim).collect();
        if heads.is_empty() {
            heads = cells;
            continue;
        }
        let cell = |head: &str| heads.iter().position(|it| *it == head).and_then(|at| cells.get(at)).copied();
        // The line under the heads has no code.
        let code = cell("Code").and_then(|code| code.strip_prefix('`')?.strip_suffix('`'));
        let (vi, en, when_vi, when_en) = (cell("Xử lý"), cell("What to do"), cell("Khi nào"), cell("When"));
        if let (Some(code), Some(vi), Some(en), Some(when_vi), Some(when_en)) = (code, vi, en, when_vi, when_en) {
            rows.insert(code, Advice { vi, en, when_vi, when_en });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_list_has_its_own_way_out_in_both_languages() {
        let all = rows(CODES);
        assert!(all.len() > 150, "{}", all.len());
        let zero = all["product.price-zero"];
        assert_eq!(zero.fix(Lang::Vi), "Nhập giá trên Nhanh.vn trước khi bán.");
        assert_eq!(zero.fix(Lang::En), "Enter the price at Nhanh.vn before selling.");
        for (code, advice) in &all {
            assert!(!advice.vi.is_empty() && !advice.en.is_empty(), "{code}");
        }
    }
}
