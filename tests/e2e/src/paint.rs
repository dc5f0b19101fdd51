//! Colours. Printing by `anstream` takes them out where they are not wanted.

use anstyle::{AnsiColor, Style};

const BOLD: Style = Style::new().bold();

pub(crate) fn bold(text: &str) -> String {
    styled(BOLD, text)
}

pub(crate) fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

/// A status code, by its class.
pub(crate) fn status(status: &str) -> String {
    let color = match status.as_bytes().first() {
        Some(b'1' | b'2') => AnsiColor::Green,
        Some(b'3') => AnsiColor::Cyan,
        Some(b'4') => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    styled(BOLD.fg_color(Some(color.into())), status)
}

pub(crate) fn good(text: &str) -> String {
    styled(BOLD.fg_color(Some(AnsiColor::Green.into())), text)
}

pub(crate) fn note(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

pub(crate) fn bad(text: &str) -> String {
    styled(BOLD.fg_color(Some(AnsiColor::Red.into())), text)
}

/// What the command line says of colours holds for all that is printed.
pub(crate) fn choose(color: clap::ColorChoice) {
    match color {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
