//! The chart: memory and latency over time, of the Envoy without the filter and of the one with it.

use http_trace_e2e::svg::{escape, image};

use crate::soak::latency::Both;
use crate::soak::sample::Sample;

const WIDTH: f64 = 800.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 46.0;
const HEIGHT: f64 = 130.0;
const STEP: f64 = 190.0;
const COLOURS: Both<&str> = Both { without: "#9aa5b1", with: "#2a7de1" };

type Panel = (&'static str, fn(&Sample) -> Both<f64>);
const PANELS: [Panel; 3] = [
    ("resident memory, MB", |sample| sample.resident),
    ("median latency, ms", |sample| sample.p50),
    ("99th percentile of latency, ms", |sample| sample.p99),
];

/// An SVG image.
#[must_use]
pub fn chart(samples: &[Sample], subtitle: &str) -> String {
    let mut marks = format!(
        "<text x=\"{}\" y=\"36\" font-size=\"12\" text-anchor=\"end\"><tspan fill=\"{}\">without the filter</tspan>  \
         <tspan fill=\"{}\">with the filter</tspan></text>\n",
        WIDTH - RIGHT,
        COLOURS.without,
        COLOURS.with
    );
    for (at, panel) in PANELS.iter().enumerate() {
        marks += &draw(samples, *panel, TOP + at as f64 * STEP);
    }
    image(WIDTH, TOP + STEP * PANELS.len() as f64, "Memory and latency over time", subtitle, &marks)
}

fn draw(samples: &[Sample], (title, number): Panel, top: f64) -> String {
    let (bottom, end) = (top + 24.0 + HEIGHT, samples.last().map_or(1.0, |sample| sample.at).max(1.0));
    let both = |sample: &Sample| [number(sample).without, number(sample).with];
    let highest = samples.iter().flat_map(both).fold(1e-9, f64::max);
    let x = |at: f64| LEFT + at / end * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| bottom - value / highest * HEIGHT;
    let line = |value: fn(Both<f64>) -> f64, colour: &str| {
        let point = |sample: &Sample| format!("{:.1},{:.1}", x(sample.at), y(value(number(sample))));
        let points: Vec<String> = samples.iter().map(point).collect();
        format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\n", points.join(" "))
    };
    let label = |value: f64| {
        let (y, left, right) = (y(value), LEFT, WIDTH - RIGHT);
        format!(
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"end\">{value:.1}</text>\n",
            left - 6.0,
            y + 4.0
        )
    };
    format!(
        "<text x=\"8\" y=\"{:.0}\" font-weight=\"bold\">{}</text>\n{}{}{}{}{}\
         <text x=\"{:.0}\" y=\"{:.0}\" font-size=\"11\" text-anchor=\"end\">{:.1} min</text>\n",
        top + 16.0,
        escape(title),
        label(0.0),
        label(highest / 2.0),
        label(highest),
        line(|both| both.without, COLOURS.without),
        line(|both| both.with, COLOURS.with),
        WIDTH - RIGHT,
        bottom + 14.0,
        end / 60.0
    )
}

#[cfg(test)]
mod tests {
    use super::chart;
    use crate::soak::latency::Both;
    use crate::soak::sample::Sample;

    #[test]
    fn two_lines_a_panel_to_scale() {
        let sample = |at: f64, with: f64| Sample { at, resident: Both { without: 50.0, with }, ..Sample::default() };
        let svg = chart(&[sample(0.0, 100.0), sample(60.0, 200.0)], "Envoy & others");
        assert_eq!(svg.matches("<polyline").count(), 6, "{svg}");
        // The highest value is at the top of the panel, a quarter of it at a quarter.
        assert!(svg.contains("points=\"56.0,135.0 784.0,70.0\""), "{svg}");
        assert!(svg.contains("points=\"56.0,167.5 784.0,167.5\""), "{svg}");
        assert!(svg.contains("Envoy &amp; others") && svg.contains("1.0 min"), "{svg}");
    }

    #[test]
    fn nothing_to_draw_is_an_image_too() {
        assert!(chart(&[], "").ends_with("</svg>\n"));
    }
}
