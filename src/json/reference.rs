//! The reference of a configuration: its fields as the code that reads them declares them.

use std::{fmt, ops::RangeInclusive};

/// A field of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// JSON path, such as `collector.cluster`.
    pub path: String,
    /// The default, as JSON, or in words.
    pub default: String,
    /// The values that it takes.
    pub takes: Takes,
    /// Its purpose.
    pub meaning: &'static str,
}

/// The values that a field takes. As text: one cell of the reference's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A whole number in this range.
    Whole(RangeInclusive<usize>),
    /// A number from 0 to 1.
    Share,
    /// `true` or `false`.
    Bool,
    /// `true` or `false`, as a string or not.
    Flag,
    /// Any of these strings.
    Word(Vec<&'static str>),
    /// A string.
    Text,
    /// A path, as in a request line.
    Path,
    /// Header names.
    Names,
    /// Strings.
    Texts,
    /// Patterns of media types.
    MediaTypes,
    /// Header names and their values.
    Headers,
    /// Attributes: names and strings.
    Attributes,
    /// HTTP statuses.
    Statuses,
    /// `true`, `false`, or an object with fields of its own.
    Section,
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(range) => write!(f, "{} to {}", range.start(), range.end()),
            Self::Share => f.write_str("0.0 to 1.0"),
            Self::Bool => f.write_str("true, false"),
            Self::Flag => f.write_str(r#""true", "false""#),
            Self::Word(words) => f.write_str(&words.join(", ")),
            Self::Text => f.write_str("a string"),
            Self::Path => f.write_str("a path"),
            Self::Names => f.write_str("a list of header names"),
            Self::Texts => f.write_str("a list of strings"),
            Self::MediaTypes => f.write_str("a list of `type/subtype`, `type/*`, `type/*+suffix` or `*/*`"),
            Self::Headers => f.write_str("an object of header names and values"),
            Self::Attributes => f.write_str("an object of names and strings"),
            Self::Statuses => f.write_str("a list of statuses (`502`, `\"5xx\"`)"),
            Self::Section => f.write_str("true, false or an object"),
        }
    }
}
