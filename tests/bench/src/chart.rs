//! The chart: a bar a case, as long as the CPU it adds.

use http_trace_e2e::svg::{escape, image};

use crate::results::Row;

const WIDTH: f64 = 800.0;
const NAMES: f64 = 190.0;
const BARS: f64 = 480.0;
const STEP: f64 = 26.0;
const TOP: f64 = 46.0;

/// An SVG image. Bodies of different sizes have scales of their own, which the headings tell.
pub(crate) fn chart(rows: &[Row], subtitle: &str) -> String {
    let mut sizes: Vec<usize> = rows.iter().filter(|row| row.added.is_some()).map(|row| row.body).collect();
    sizes.dedup();
    sizes.sort_unstable();
    sizes.dedup();
    let mut marks = String::new();
    let mut y = TOP;
    for size in sizes {
        let group: Vec<&Row> = rows.iter().filter(|row| row.body == size && row.added.is_some()).collect();
        let longest = group.iter().filter_map(|row| row.added()).map(|added| added.high).fold(1.0, f64::max);
        marks += &format!("<text x=\"8\" y=\"{:.0}\" font-weight=\"bold\">{}</text>\n", y + 17.0, heading(size));
        y += STEP;
        for row in group {
            marks += &bar(row, y, BARS / longest);
            y += STEP;
        }
        y += STEP / 2.0;
    }
    image(WIDTH, y, "CPU that Envoy's worker needs more a request, in microseconds", subtitle, &marks)
}

fn heading(size: usize) -> String {
    match size {
        1_048_576.. => format!("bodies of {} MiB", size >> 20),
        _ => format!("bodies of {} KiB", size >> 10),
    }
}

/// Name, bar, the range of the rounds as a line, and the median.
fn bar(row: &Row, y: f64, scale: f64) -> String {
    let Some(added) = row.added() else { return String::new() };
    let x = |microseconds: f64| NAMES + microseconds.max(0.0) * scale;
    let colour = if row.name.starts_with("ours") { "#2a7de1" } else { "#9aa5b1" };
    let name = escape(&row.name);
    format!(
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>\
         <rect x=\"{NAMES}\" y=\"{:.0}\" width=\"{:.1}\" height=\"18\" fill=\"{colour}\"/>\
         <path d=\"M{:.1} {:.0}H{:.1}\" stroke=\"#222\"/><text x=\"{:.1}\" y=\"{:.0}\">{:.0}</text>\n",
        NAMES - 8.0,
        y + 15.0,
        y + 1.0,
        x(added.median) - NAMES,
        x(added.low),
        y + 10.0,
        x(added.high),
        x(added.high) + 8.0,
        y + 15.0,
        added.median,
    )
}

#[cfg(test)]
mod tests {
    use super::chart;
    use crate::results::tests::some;

    #[test]
    fn draws_what_was_added() {
        let mut rows = some();
        let twice = rows[1].clone();
        rows.push(crate::results::Row { name: "a<b>.wasm".to_owned(), ..twice });
        let svg = chart(&rows, "Envoy & others");
        assert_eq!(svg.matches("<rect x=").count(), 2, "no bar for what the others are compared with:\n{svg}");
        // The scale ends at the highest, 50: the median of 40 is four fifths of the way.
        assert!(svg.contains("width=\"384.0\" height=\"18\" fill=\"#2a7de1\""), "{svg}");
        assert!(svg.contains(">a&lt;b&gt;.wasm<") && svg.contains("Envoy &amp; others"), "{svg}");
        assert!(svg.contains(">bodies of 2 KiB<"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn nothing_to_draw_is_an_image_too() {
        assert!(chart(&[], "").ends_with("</svg>\n"));
    }
}
