//! The page's languages: Vietnamese first, English by a switch. What the connector itself says comes with both and is only chosen from here.

use crate::contract::types::Message;

/// What a person reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lang {
    #[default]
    Vi,
    En,
}

/// One sentence in both languages. `{name}` stands for a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
}

impl Lang {
    pub(super) fn from_code(code: &str) -> Lang {
        if code == "en" { Lang::En } else { Lang::Vi }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    pub(super) fn say(self, word: Word) -> &'static str {
        match self {
            Lang::Vi => word.vi,
            Lang::En => word.en,
        }
    }

    /// A sentence with its values filled in.
    pub(super) fn with(self, word: Word, values: &[(&str, &str)]) -> String {
        let mut text = self.say(word).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// What the connector, or the host, said in both.
    pub(super) fn told(self, message: &Message) -> &str {
        match self {
            Lang::Vi => &message.vi,
            Lang::En => &message.en,
        }
    }
}

/// A text that holds both languages as `vi (en)`, as errors for a terminal do: the part for this reader.
pub(super) fn half(lang: Lang, both: &str) -> &str {
    let Some((vi, rest)) = both.split_once(" (") else { return both };
    let en = rest.rsplit_once(')').map_or(rest, |(en, _)| en);
    if lang == Lang::En { en } else { vi }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::page::word;

    #[test]
    fn every_sentence_is_in_both_languages_with_the_same_values() {
        let holes = |text: &str| {
            let mut holes: Vec<String> =
                text.split('{').skip(1).filter_map(|it| it.split_once('}')).map(|(name, _)| name.to_owned()).collect();
            holes.sort();
            holes
        };
        for (name, word) in word::ALL {
            assert!(!word.vi.is_empty() && !word.en.is_empty(), "{name}");
            assert_eq!(holes(word.vi), holes(word.en), "{name}");
        }
    }

    #[test]
    fn a_sentence_for_a_terminal_is_halved_for_a_reader() {
        assert_eq!(half(Lang::Vi, "Hãy làm lại. (Try again.)"), "Hãy làm lại.");
        assert_eq!(half(Lang::En, "Hãy làm lại. (Try again.)"), "Try again.");
        assert_eq!(half(Lang::En, "SQLite: no"), "SQLite: no");
    }

    #[test]
    fn values_are_filled_in() {
        assert_eq!(Lang::Vi.with(Word { vi: "còn {days} ngày", en: "{days} days" }, &[("days", "3")]), "còn 3 ngày");
    }
}
