//! The results of each epoch; kept in the checkpoint so that a resumed run draws whole curves.

use std::fmt;

/// The figures of one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Epoch {
    pub(crate) train_loss: f32,
    pub(crate) train_accuracy: f32,
    pub(crate) test_loss: f32,
    pub(crate) test_accuracy: f32,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "loss {:.4}  accuracy {:.4}  test loss {:.4}  test accuracy {:.4}",
            self.train_loss, self.train_accuracy, self.test_loss, self.test_accuracy
        )
    }
}

/// The epochs as text for a checkpoint's metadata.
pub(crate) fn to_text(history: &[Epoch]) -> String {
    let line = |e: &Epoch| {
        format!("{} {} {} {}", e.train_loss, e.train_accuracy, e.test_loss, e.test_accuracy)
    };
    history.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The epochs from the text of [`to_text`].
pub(crate) fn from_text(text: &str) -> Option<Vec<Epoch>> {
    text.lines()
        .map(|line| {
            let numbers: Vec<f32> =
                line.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
            match numbers[..] {
                [train_loss, train_accuracy, test_loss, test_accuracy] => {
                    Some(Epoch { train_loss, train_accuracy, test_loss, test_accuracy })
                }
                _ => None,
            }
        })
        .collect()
}
