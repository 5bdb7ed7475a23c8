//! Pictures of results as PNG files.

use nnx::{Array, DType};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::error::Error;
use std::path::Path;

/// The name of a picture that is not finished starts with this.
const UNFINISHED: &str = ".curves-";

/// The colors of lines, in their order.
const COLORS: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 89, 18),
    RGBColor(44, 140, 60),
    RGBColor(120, 80, 160),
    RGBColor(40, 40, 40),
];

/// Draws in a file next to `path` and moves it there, so that `path` is whole or as it was.
pub(crate) fn whole(
    path: &Path,
    draw: impl FnOnce(&Path) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(".png");
    #[cfg(unix)]
    {
        // As any new file: readable by others unless the umask says no.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder)?;
    draw(file.path())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Removes the pictures of runs into `folder` that were killed. No run may be going on there.
pub(crate) fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok()) {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The font comes with the program: a bare machine has none.
pub(crate) fn font() -> Result<(), &'static str> {
    register_font("sans-serif", FontStyle::Normal, notosans::REGULAR_TTF)
        .map_err(|_| "the built-in font cannot be read")
}

/// Draws grey images, f32 `[n, height, width]` from 0 to 1, in rows of `columns`; each pixel is a square of 2 x 2.
///
/// # Errors
/// Returns an error if the shape is another one, or the file cannot be written.
pub fn images(path: &Path, images: &Array, columns: usize) -> Result<(), Box<dyn Error>> {
    const ZOOM: usize = 2;
    let &[n, height, width] = images.shape() else {
        return Err(
            format!("images have the shape [n, height, width], not {:?}", images.shape()).into()
        );
    };
    let pixels = (images.clip(0.0, 1.0) * 255.0).astype(DType::U8).try_to_vec::<u8>()?;
    let columns = columns.clamp(1, n.max(1));
    let size = [columns * width * ZOOM, n.div_ceil(columns) * height * ZOOM];
    whole(path, |path| {
        let root = BitMapBackend::new(path, (size[0] as u32, size[1] as u32)).into_drawing_area();
        root.fill(&WHITE)?;
        for (image, pixels) in pixels.chunks(height * width).enumerate() {
            let (left, top) = (image % columns * width, image / columns * height);
            for (at, &grey) in pixels.iter().enumerate() {
                let corner = [left + at % width, top + at / width].map(|place| place * ZOOM);
                for square in 0..ZOOM * ZOOM {
                    let place = (corner[0] + square % ZOOM, corner[1] + square / ZOOM);
                    root.draw_pixel((place.0 as i32, place.1 as i32), &RGBColor(grey, grey, grey))?;
                }
            }
        }
        root.present()?;
        Ok(())
    })
}

/// Draws lines through points, each line with its name.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn lines(
    path: &Path,
    title: &str,
    lines: &[(String, Vec<(f32, f32)>)],
) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (left, right) = range(points().map(|(x, _)| x));
    let (low, high) = range(points().map(|(_, y)| y));
    whole(path, |path| {
        font()?;
        let root = BitMapBackend::new(path, (800, 480)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, ("sans-serif", 26))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(left..right, low..high)?;
        chart.configure_mesh().label_style(("sans-serif", 16)).light_line_style(WHITE).draw()?;
        for ((name, points), color) in lines.iter().zip(COLORS.into_iter().cycle()) {
            chart
                .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 24, y)], color.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .label_font(("sans-serif", 16))
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        root.present()?;
        Ok(())
    })
}

/// The range of the values, with a margin; also for one value, none, or values that are not numbers.
pub(crate) fn range<'a>(values: impl Iterator<Item = &'a f32>) -> (f32, f32) {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for &value in values.filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return (0.0, 1.0);
    }
    let margin = ((high - low) * 0.08).max(high.abs() * 1e-3).max(1e-6);
    (low - margin, high + margin)
}
