//! IDX files, the format of MNIST: a header with the type and the sizes of the axes, then the
//! elements. Gzipped or not.

use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;

/// An array of unsigned bytes.
pub(crate) struct Idx {
    /// Sizes of the axes, outermost first.
    pub(crate) shape: Vec<usize>,
    /// The elements in row-major order.
    pub(crate) data: Vec<u8>,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const UNSIGNED_BYTE: u8 = 0x08;

/// Reads a file. The error names it and says what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Idx, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|e| format!("{name} cannot be read: {e}"))?;
    let bytes = if bytes.starts_with(&GZIP) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut unpacked)
            .map_err(|e| format!("{name} is a truncated or corrupt gzip file: {e}"))?;
        unpacked
    } else {
        bytes
    };
    parse(&bytes).map_err(|why| format!("{name} {why}"))
}

fn parse(bytes: &[u8]) -> Result<Idx, String> {
    let [0, 0, kind, axes, rest @ ..] = bytes else {
        return Err("is no IDX file: it does not start with two zero bytes, a type and a number \
                    of axes"
            .into());
    };
    if *kind != UNSIGNED_BYTE || *axes == 0 {
        return Err(format!(
            "is no IDX file of unsigned bytes: its type is {kind:#04x} with {axes} axes, \
             expected {UNSIGNED_BYTE:#04x}"
        ));
    }
    let axes = usize::from(*axes);
    let Some((header, data)) = rest.split_at_checked(4 * axes) else {
        return Err("is truncated: it ends in its header".into());
    };
    let shape: Vec<usize> = header
        .chunks_exact(4)
        .map(|size| size.iter().fold(0, |n, &byte| n << 8 | usize::from(byte)))
        .collect();
    let size = shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis));
    match size {
        Some(size) if size == data.len() => Ok(Idx { shape, data: data.to_vec() }),
        Some(size) if size < data.len() => Err(format!(
            "is corrupt: its header promises {shape:?} bytes, but {} more follow",
            data.len() - size
        )),
        _ => Err(format!(
            "is truncated: its header promises {shape:?} bytes, but only {} follow",
            data.len()
        )),
    }
}
