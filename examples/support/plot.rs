//! Curves of loss and accuracy as a PNG.

use crate::history::Epoch;
use crate::picture::{self, range};
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

const SIZE: (u32, u32) = (1200, 480);
const TRAIN: RGBColor = RGBColor(31, 119, 180);
const TEST: RGBColor = RGBColor(214, 89, 18);

/// One panel: a title, and a line for training and for testing.
struct Panel<'a> {
    title: &'a str,
    train: Vec<f32>,
    test: Vec<f32>,
}

/// Draws the curves.
pub(crate) fn write(path: &Path, history: &[Epoch]) -> Result<(), Box<dyn Error>> {
    picture::whole(path, |path| draw(path, history))
}

/// Draws the epochs numbered from 1 on into the file `path`.
fn draw(path: &Path, history: &[Epoch]) -> Result<(), Box<dyn Error>> {
    picture::font()?;
    let root = BitMapBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let column = |f: fn(&Epoch) -> f32| history.iter().map(f).collect::<Vec<f32>>();
    let panels = [
        Panel { title: "Loss", train: column(|e| e.train_loss), test: column(|e| e.test_loss) },
        Panel {
            title: "Accuracy",
            train: column(|e| e.train_accuracy),
            test: column(|e| e.test_accuracy),
        },
    ];
    for (area, panel) in root.split_evenly((1, 2)).iter().zip(&panels) {
        draw_panel(area, panel)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    panel: &Panel<'_>,
) -> Result<(), Box<dyn Error>>
where
    DB::ErrorType: 'static,
{
    let epochs = panel.train.len();
    let (low, high) = range(panel.train.iter().chain(&panel.test));
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 26))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.75..epochs as f32 + 0.25, low..high)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .x_labels(epochs.min(10) + 1)
        .x_label_formatter(&|x| if x.fract() == 0.0 { x.to_string() } else { String::new() })
        .y_label_formatter(&|y| format!("{y:.3}"))
        .label_style(("sans-serif", 16))
        .light_line_style(WHITE)
        .draw()?;
    for (name, color, values) in [("train", TRAIN, &panel.train), ("test", TEST, &panel.test)] {
        let points = || (1..).map(|i| i as f32).zip(values.iter().copied());
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(2)));
        // A single epoch is a dot.
        chart.draw_series(points().map(|point| Circle::new(point, 4, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 16))
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::process::Command;

    const TEST: &str = "plot::tests::a_picture_that_does_not_fit_leaves_the_one_that_was_there";
    const FOLDER: &str = "NNX_TEST_FOLDER";

    /// A limit on the size of files stands for a full disk: writing fails halfway.
    #[test]
    fn a_picture_that_does_not_fit_leaves_the_one_that_was_there() {
        let epoch =
            Epoch { train_loss: 1.0, train_accuracy: 0.5, test_loss: 2.0, test_accuracy: 0.25 };
        if let Some(folder) = std::env::var_os(FOLDER) {
            let error = write(&Path::new(&folder).join("curves.png"), &[epoch; 9]).unwrap_err();
            println!("error: {error}");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curves.png");
        write(&path, &[epoch]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" --exact --nocapture \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(TEST)
            .env(FOLDER, folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("error: "), "{output:?}");
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "a part of a picture is left");
    }
}
