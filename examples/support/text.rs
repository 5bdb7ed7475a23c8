//! Text as numbers.

use crate::Data;
use nnx::Array;
use std::path::Path;

/// A text, its characters numbered, for a model that looks back at so many characters.
pub struct Text<const CONTEXT: usize> {
    /// All that occur, in order.
    pub vocabulary: Vec<char>,
    /// To train on.
    pub train: Vec<i32>,
    /// To test on: the last tenth.
    pub test: Vec<i32>,
}

impl<const CONTEXT: usize> Data for Text<CONTEXT> {
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

impl<const CONTEXT: usize> Text<CONTEXT> {
    /// Where the windows to test on start: one after the other.
    pub fn test_starts(&self) -> impl ExactSizeIterator<Item = usize> {
        (0..(self.test.len() - 1) / CONTEXT).map(|window| window * CONTEXT)
    }

    /// The windows of a text from these places on, each with the character after it: i32
    /// `[n, CONTEXT + 1]`.
    pub fn windows(tokens: &[i32], starts: impl ExactSizeIterator<Item = usize>) -> Array {
        let shape = [starts.len(), CONTEXT + 1];
        let windows: Vec<i32> =
            starts.flat_map(|start| &tokens[start..][..=CONTEXT]).copied().collect();
        Array::from_slice(&windows, shape)
    }

    /// The characters with these numbers.
    pub fn characters(&self, tokens: &[i32]) -> String {
        tokens.iter().map(|&token| self.vocabulary[token as usize]).collect()
    }
}
