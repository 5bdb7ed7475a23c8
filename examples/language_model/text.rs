//! Text as numbers.

use nnx::Array;
use nnx_examples::Data;
use std::path::Path;

/// How many characters the model looks back at.
pub(crate) const CONTEXT: usize = 32;

/// A text, its characters numbered.
pub(crate) struct Text {
    /// All that occur, in order.
    pub(crate) vocabulary: Vec<char>,
    pub(crate) train: Vec<i32>,
    /// The last tenth.
    pub(crate) test: Vec<i32>,
}

impl Data for Text {
    fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| format!("--data {}: cannot be read as text: {e}", path.display()))?;
        let mut vocabulary: Vec<char> = text.chars().collect();
        vocabulary.sort_unstable();
        vocabulary.dedup();
        let number = |c| vocabulary.binary_search(&c).unwrap_or_default() as i32;
        let mut train: Vec<i32> = text.chars().map(number).collect();
        let test = train.split_off(train.len() / 10 * 9);
        if test.len() <= CONTEXT {
            return Err(format!(
                "--data {}: {} characters are too few, {} are needed",
                path.display(),
                train.len() + test.len(),
                10 * (CONTEXT + 1)
            ));
        }
        Ok(Text { vocabulary, train, test })
    }

    /// In windows.
    fn counts(&self) -> [usize; 2] {
        [self.train.len() / CONTEXT, self.test_starts().len()]
    }
}

impl Text {
    /// Where the windows to test on start: one after the other.
    pub(crate) fn test_starts(&self) -> impl ExactSizeIterator<Item = usize> {
        (0..(self.test.len() - 1) / CONTEXT).map(|window| window * CONTEXT)
    }
}

/// The windows of a text from these places on, each with the character after it: i32
/// `[n, CONTEXT + 1]`.
pub(crate) fn windows(tokens: &[i32], starts: impl ExactSizeIterator<Item = usize>) -> Array {
    let shape = [starts.len(), CONTEXT + 1];
    let windows: Vec<i32> =
        starts.flat_map(|start| &tokens[start..][..=CONTEXT]).copied().collect();
    Array::from_slice(&windows, shape)
}
