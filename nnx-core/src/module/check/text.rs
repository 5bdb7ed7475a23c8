//! Messages that are put together while the user's crate compiles.

/// Text that is put together at compile time.
#[derive(Clone, Copy)]
pub(super) struct Text {
    bytes: [u8; Text::CAPACITY],
    len: usize,
}

impl Text {
    const CAPACITY: usize = 2048;

    pub(super) const fn new() -> Self {
        Text { bytes: [0; Text::CAPACITY], len: 0 }
    }

    /// Adds `text`; what does not fit is left out.
    pub(super) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < Text::CAPACITY {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
    }

    /// Adds a step to a name; the first step of a path has no dot.
    pub(super) const fn push_name(&mut self, name: &str) {
        if self.len > 0 {
            self.push(".");
        }
        self.push(name);
    }

    pub(super) const fn push_number(&mut self, number: usize) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        let digits = "0123456789";
        self.push(digits.split_at(number % 10).1.split_at(1).0);
    }

    /// Adds `text` between backticks.
    pub(super) const fn push_code(&mut self, text: &str) {
        self.push("`");
        self.push(text);
        self.push("`");
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Takes back what was added since the text was `len` long.
    pub(super) const fn truncate(&mut self, len: usize) {
        self.len = len;
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Cut in the middle of a letter.
            Err(error) => match std::str::from_utf8(self.bytes.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

/// Whether two texts are the same.
pub(super) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}
