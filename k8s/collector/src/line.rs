//! An exchange in one line, for a terminal.

use anstyle::{AnsiColor, Style};
use chrono::DateTime;

use crate::exchange::{Exchange, Message};

/// How much of a path, or of a host, is shown.
const SHOWN: usize = 160;

/// The exchange, without a line break. Printing by `anstream` takes the colours out where they are not wanted.
#[must_use]
pub fn line(exchange: &Exchange) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let color = match exchange.status {
        100..300 => AnsiColor::Green,
        300..400 => AnsiColor::Cyan,
        400..500 => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let color = bold.fg_color(Some(color.into()));
    let status = if exchange.status == 0 { "no response".to_owned() } else { exchange.status.to_string() };
    let time = DateTime::from_timestamp_millis(exchange.start.try_into().unwrap_or(0)).unwrap_or_default();
    let namespace = match exchange.namespace.as_str() {
        "" => String::new(),
        namespace => format!(" ({})", clean(namespace)),
    };
    format!(
        "{} {bold}{} {}{bold:#} {} → {color}{status}{color:#} {dim}{} ms · {} → {} · {} → {}{namespace}{dim:#}",
        time.format("%H:%M:%S%.3f"),
        clean(&exchange.method),
        clean(&exchange.path),
        clean(&exchange.host),
        exchange.duration(),
        size(&exchange.request),
        size(&exchange.response),
        clean(&exchange.source),
        clean(&exchange.destination),
    )
}

fn size(message: &Message) -> String {
    message.size().map_or_else(|| "? B".to_owned(), |size| format!("{size} B"))
}

/// Text without control characters, which could write anywhere on a terminal.
fn clean(text: &str) -> String {
    let mut clean: String = text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::exchange::Exchange;

    #[test]
    fn is_one_line_that_cannot_steer_a_terminal() {
        let exchange = Exchange {
            method: "GET".to_owned(),
            path: format!("/a\n\u{1b}[2J{}", "x".repeat(1000)),
            host: "shop".to_owned(),
            status: 404,
            start: 1_795_863_758_226,
            end: 1_795_863_758_286,
            namespace: "sock-shop".to_owned(),
            ..Exchange::default()
        };
        let line = anstream::adapter::strip_str(&line(&exchange)).to_string();
        assert!(line.starts_with("11:02:38.226 GET /a\u{fffd}\u{fffd}[2Jxxx"), "{line}");
        assert!(line.ends_with("x… shop → 404 60 ms · 0 B → 0 B ·  →  (sock-shop)"), "{line}");
        assert!(!line.contains(char::is_control), "{line}");
    }
}
