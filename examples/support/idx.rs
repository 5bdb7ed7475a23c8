//! IDX files, the format of MNIST: a header with the type and the sizes of the axes, then the
//! elements. Gzipped or not.

use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

/// An array of unsigned bytes.
pub struct Idx {
    /// Sizes of the axes, outermost first.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub data: Vec<u8>,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const UNSIGNED_BYTE: u8 = 0x08;
/// The most elements: what a packed file promises is not there to be seen.
const MOST: usize = 1 << 32;

/// Reads a file. The error names it and says what is wrong with it. No more of it is read
/// or unpacked than its header promises.
pub fn read(path: &Path) -> Result<Idx, String> {
    let name = path.display();
    let cannot = |e: std::io::Error| format!("{name} cannot be read: {e}");
    let mut file = BufReader::new(File::open(path).map_err(cannot)?);
    let packed = file.fill_buf().map_err(cannot)?.starts_with(&GZIP);
    let parsed = match packed {
        true => parse(&mut MultiGzDecoder::new(file)),
        false => parse(&mut file),
    };
    parsed.map_err(|why| match why {
        Why::Content(why) => format!("{name} {why}"),
        Why::Io(e) if packed => format!("{name} is a truncated or corrupt gzip file: {e}"),
        Why::Io(e) => cannot(e),
    })
}

/// Why a file cannot be read.
enum Why {
    Content(String),
    Io(std::io::Error),
}

impl From<std::io::Error> for Why {
    fn from(error: std::io::Error) -> Self {
        Why::Io(error)
    }
}

/// Fills `bytes`; false if the input ends before.
fn fill(input: &mut dyn Read, bytes: &mut [u8]) -> Result<bool, Why> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        // A gzip file that is cut off says so in its own words.
        Err(e) if e.kind() == ErrorKind::UnexpectedEof && e.get_ref().is_none() => Ok(false),
        Err(e) => Err(e.into()),
    }
}

fn parse(input: &mut dyn Read) -> Result<Idx, Why> {
    let refuse = |why: String| Err(Why::Content(why));
    let mut start = [0; 4];
    if !fill(input, &mut start)? || start[..2] != [0, 0] {
        return refuse(
            "is no IDX file: it does not start with two zero bytes, a type and a number of axes"
                .into(),
        );
    }
    let [_, _, kind, axes] = start;
    if kind != UNSIGNED_BYTE || axes == 0 {
        return refuse(format!(
            "is no IDX file of unsigned bytes: its type is {kind:#04x} with {axes} axes, \
             expected {UNSIGNED_BYTE:#04x}"
        ));
    }
    let mut header = vec![0; 4 * usize::from(axes)];
    if !fill(input, &mut header)? {
        return refuse("is truncated: it ends in its header".into());
    }
    let shape: Vec<usize> = header
        .chunks_exact(4)
        .map(|size| size.iter().fold(0, |n, &byte| n << 8 | usize::from(byte)))
        .collect();
    let size = shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis));
    let Some(size) = size.filter(|&size| size <= MOST) else {
        return refuse(format!(
            "is corrupt: its header promises {shape:?} bytes, more than {MOST}"
        ));
    };
    let mut data = Vec::new();
    input.take(size as u64).read_to_end(&mut data)?;
    if data.len() < size {
        return refuse(format!(
            "is truncated: its header promises {shape:?} bytes, but only {} follow",
            data.len()
        ));
    }
    // The end of a packed file has its checksum, which is looked at when nothing more follows.
    if input.read(&mut [0])? > 0 {
        return refuse(format!("is corrupt: its header promises {shape:?} bytes, but more follow"));
    }
    Ok(Idx { shape, data })
}
