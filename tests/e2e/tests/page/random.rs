//! Texts that are markup, or steer something, wherever they are not taken for mere texts. A seed gives the same ones again.

/// What hostile texts are made of.
const PIECES: [&str; 45] = [
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    "<svg onload=window.ran=1>",
    "<style>*{display:none}</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0>",
    "<form action=//evil.example><input autofocus onfocus=window.ran=1>",
    "<iframe srcdoc='<script>parent.ran=1</script>'>",
    "<a href=javascript:window.ran=1>",
    "<template><b>",
    "</pre></dd></dl></section></main>",
    "<!--",
    "-->",
    "]]>",
    "\" onmouseover=\"window.ran=1",
    "' autofocus onfocus='window.ran=1",
    "javascript:window.ran=1",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "{{7*7}}",
    "${window.ran=1}",
    "`window.ran=1`",
    "%3Cscript%3E",
    "$(touch ran)",
    "`touch ran`",
    "'; touch ran; '",
    "\ntouch ran\n",
    "| touch ran #",
    "!!",
    "\0",
    "\u{1b}[2J",
    "\u{7f}\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\r\n\r\n",
    "\t ",
    "\\",
    "\"",
    "'",
    "é🙂",
    "__proto__",
    "data: x\n\nevent: hello",
    "0123456789",
];

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).expect("a small number")
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A hostile text of up to five pieces.
    pub(crate) fn text(&mut self) -> String {
        (0..=self.below(5)).map(|_| self.pick(&PIECES)).collect()
    }

    /// A body: a hostile text, some of it as JSON, some of it with any bytes in it.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let text = self.text();
        match self.below(4) {
            0 => serde_json::json!({ text.clone(): [text], "n": 12_345_678_901_234_567_890_u64 })
                .to_string()
                .into_bytes(),
            1 => {
                let mut bytes = text.into_bytes();
                for _ in 0..3 {
                    let at = self.below(bytes.len() + 1);
                    bytes.insert(at, self.next().to_le_bytes()[0]);
                }
                bytes
            }
            2 => Vec::new(),
            _ => text.into_bytes(),
        }
    }
}
