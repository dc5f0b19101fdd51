//! The frame of every chart: an SVG image with a title and a line below it.

/// An image of this size; the first 46 units from the top are the title's. `marks` are SVG elements.
#[must_use]
pub fn image(width: f64, height: f64, title: &str, subtitle: &str, marks: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"16\" font-weight=\"bold\">{}</text>\n\
         <text x=\"8\" y=\"36\" font-size=\"12\" fill=\"#555\">{}</text>\n{marks}</svg>\n",
        escape(title),
        escape(subtitle)
    )
}

/// Text as XML has it.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_is_no_markup() {
        let image = super::image(800.0, 100.0, "a<b", "c&d", "<g/>\n");
        assert!(
            image.contains(">a&lt;b<") && image.contains(">c&amp;d<") && image.ends_with("<g/>\n</svg>\n"),
            "{image}"
        );
        assert!(image.contains("viewBox=\"0 0 800 100\""), "{image}");
    }
}
