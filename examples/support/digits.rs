//! Labelled images: loading, checking, shuffling and batching.

use crate::idx::{self, Idx};
use nnx::random::{self, Key};
use nnx::{Array, DType, Module};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many kinds of things the images show.
pub const CLASSES: u8 = 10;

/// The digits for training and those for testing.
pub struct Data {
    /// To train on. Threads that make batches hold it too.
    pub train: Arc<Dataset>,
    /// To test on.
    pub test: Dataset,
}

/// Grey images with a label each.
pub struct Dataset {
    images: Vec<u8>,
    /// Each below [`CLASSES`].
    pub labels: Vec<u8>,
    /// In pixels.
    pub height: usize,
    /// In pixels.
    pub width: usize,
}

/// A batch on the device.
#[derive(Module)]
pub struct Batch {
    /// u8 `[n, height, width, 1]`.
    pub images: Array,
    /// i32 `[n]`.
    pub labels: Array,
    /// bool `[n]`: false where the batch is filled up.
    pub mask: Array,
}

impl crate::Data for Data {
    /// Reads the four files of MNIST in `folder`, gzipped or not.
    fn load(folder: &Path) -> Result<Self, String> {
        if !folder.is_dir() {
            return Err(format!("--data {}: there is no such folder", folder.display()));
        }
        let (train, test) = (Dataset::load(folder, "train")?, Dataset::load(folder, "t10k")?);
        if (train.height, train.width) != (test.height, test.width) {
            return Err(format!(
                "{}: the training images have {} x {} pixels, the test images {} x {}",
                folder.display(),
                train.height,
                train.width,
                test.height,
                test.width
            ));
        }
        Ok(Data { train: train.into(), test })
    }

    fn counts(&self) -> [usize; 2] {
        [self.train.len(), self.test.len()]
    }
}

impl Dataset {
    fn load(folder: &Path, part: &str) -> Result<Self, String> {
        let images_path = find(folder, &format!("{part}-images"), 3)?;
        let labels_path = find(folder, &format!("{part}-labels"), 1)?;
        let images = expect_axes(&images_path, idx::read(&images_path)?, 3)?;
        let labels = expect_axes(&labels_path, idx::read(&labels_path)?, 1)?;
        let (count, height, width) = (images.shape[0], images.shape[1], images.shape[2]);
        if count != labels.data.len() {
            return Err(format!(
                "{} holds {count} images, but {} holds {} labels",
                images_path.display(),
                labels_path.display(),
                labels.data.len()
            ));
        }
        if count == 0 {
            return Err(format!("{} holds no images", images_path.display()));
        }
        if let Some(at) = labels.data.iter().position(|&label| label >= CLASSES) {
            return Err(format!(
                "{}: label {at} is {}, but labels are 0 to {}",
                labels_path.display(),
                labels.data[at],
                CLASSES - 1
            ));
        }
        // Pooled twice by 2, something must be left.
        if height < 4 || width < 4 {
            return Err(format!(
                "{}: images of {height} x {width} pixels are too small, the model needs 4 x 4",
                images_path.display()
            ));
        }
        Ok(Dataset { images: images.data, labels: labels.data, height, width })
    }

    /// How many images there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The pixels of an image, row by row.
    pub fn image(&self, index: usize) -> &[u8] {
        let pixels = self.height * self.width;
        &self.images[index * pixels..][..pixels]
    }

    /// All examples as one batch, for functions that choose from them on the device.
    ///
    /// # Errors
    /// Returns an error if there is no device.
    pub fn all(&self) -> nnx::Result<Batch> {
        self.batch(&(0..self.len()).collect::<Vec<_>>(), self.len())
    }

    /// The examples at `indices`, filled up with blanks to `size`.
    ///
    /// # Errors
    /// Returns an error if there is no device.
    pub fn batch(&self, indices: &[usize], size: usize) -> nnx::Result<Batch> {
        let pixels = self.height * self.width;
        let mut images = vec![0; size * pixels];
        let mut labels = vec![0_i32; size];
        for (at, &index) in indices.iter().enumerate() {
            images[at * pixels..][..pixels].copy_from_slice(self.image(index));
            labels[at] = i32::from(self.labels[index]);
        }
        let mask: Vec<bool> = (0..size).map(|at| at < indices.len()).collect();
        Ok(Batch {
            images: Array::from_bytes(&images, DType::U8, &[size, self.height, self.width, 1])?,
            labels: Array::from_slice(&labels, [size]),
            mask: Array::from_slice(&mask, [size]),
        })
    }
}

/// Bytes to numbers from 0 to 1.
pub fn pixels(images: &Array) -> Array {
    images.astype(DType::F32) / 255.0
}

/// All indices below `n` in a random order.
///
/// # Errors
/// Returns an error if there is no device.
pub fn shuffled(key: &Key, n: usize) -> nnx::Result<Vec<usize>> {
    let order = random::permutation(key, n);
    Ok(order.astype(DType::I64).try_to_vec::<i64>()?.into_iter().map(|i| i as usize).collect())
}

/// The file of that name as MNIST is found: with `-` or `.` before `idx`, gzipped or not.
fn find(folder: &Path, name: &str, axes: usize) -> Result<PathBuf, String> {
    let candidates = ["-", "."]
        .map(|dot| format!("{name}{dot}idx{axes}-ubyte"))
        .map(|file| [format!("{file}.gz"), file]);
    let found = candidates.iter().flatten().map(|file| folder.join(file)).find(|p| p.is_file());
    found.ok_or_else(|| {
        format!(
            "{}: there is no {name}-idx{axes}-ubyte or {name}-idx{axes}-ubyte.gz",
            folder.display()
        )
    })
}

fn expect_axes(path: &Path, idx: Idx, axes: usize) -> Result<Idx, String> {
    let kind = |axes| match axes {
        1 => "labels (1 axis)".to_owned(),
        3 => "images (3 axes)".to_owned(),
        n => format!("an array of {n} axes"),
    };
    if idx.shape.len() == axes {
        return Ok(idx);
    }
    Err(format!(
        "{} holds {}, expected {}: were files swapped?",
        path.display(),
        kind(idx.shape.len()),
        kind(axes)
    ))
}
