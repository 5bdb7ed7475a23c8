//! The format of a safetensors file with a checksum.

use super::broken;
use crate::error::Result;
use crate::value::{Aval, DType};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// The key of the whole file's checksum in its metadata.
const CHECKSUM: &str = "nnx.checksum";
/// The placeholder there while the checksum is computed.
const NO_CHECKSUM: &str = "00000000";
/// A key that shows that the file was written here, so that it has a checksum: damage to the name of one of the two
/// leaves the other intact.
const WRITER: &str = "nnx.format";
/// The key of the further places of shared nodes there, with their first ones, as a JSON object.
const ALIASES: &str = "nnx.aliases";

/// The tensors of a file, by their names.
pub(in crate::train) type Tensors<'f> = BTreeMap<String, TensorView<'f>>;

/// A safetensors file that is not written yet: the size of the header, the header, the tensors.
pub(super) struct Encoded<'l> {
    head: Vec<u8>,
    tensors: Vec<&'l [u8]>,
    pub(super) checksum: String,
}

impl<'l> Encoded<'l> {
    /// The file of these leaves. Equal trees give equal bytes, which the encoder of the safetensors crate does not
    /// promise.
    pub(super) fn new<'n: 'l>(
        leaves: impl Iterator<Item = (&'n String, &'n (Aval, Vec<u8>))>,
        metadata: &BTreeMap<String, String>,
        aliases: &BTreeMap<String, String>,
    ) -> Encoded<'l> {
        let mut metadata = metadata.clone();
        metadata.insert(CHECKSUM.into(), NO_CHECKSUM.into());
        metadata.insert(WRITER.into(), "1".into());
        if !aliases.is_empty() {
            metadata.insert(ALIASES.into(), serde_json::json!(aliases).to_string());
        }
        let mut order: Vec<_> = leaves.collect();
        // Wide dtypes first, so that every tensor is aligned.
        order.sort_by_key(|(_, (aval, _))| std::cmp::Reverse(aval.dtype().size()));
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".into(), serde_json::json!(metadata));
        let mut end = 0;
        for &(name, (aval, bytes)) in &order {
            let start = end;
            end += bytes.len();
            let entry = serde_json::json!({
                "dtype": safe_dtype(aval.dtype()),
                "shape": aval.shape(),
                "data_offsets": [start, end],
            });
            header.insert(name.clone(), entry);
        }
        let mut header = serde_json::Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut head = (header.len() as u64).to_le_bytes().to_vec();
        head.extend(header);
        let tensors: Vec<&[u8]> = order.into_iter().map(|(_, (_, bytes))| &bytes[..]).collect();
        let mut checksum = String::new();
        if let Some(at) = checksum_at(&head) {
            checksum = self::checksum(&head, at, tensors.iter().copied());
            head[at..at + NO_CHECKSUM.len()].copy_from_slice(checksum.as_bytes());
        }
        Encoded { head, tensors, checksum }
    }

    pub(super) fn write(&self, file: &mut dyn Write) -> io::Result<()> {
        file.write_all(&self.head)?;
        self.tensors.iter().try_for_each(|bytes| file.write_all(bytes))
    }
}

/// Where the digits of the checksum are. In a text of the header the quotes around its name would have
/// backslashes before them.
fn checksum_at(file: &[u8]) -> Option<usize> {
    let name = format!("\"{CHECKSUM}\":\"");
    let at = memchr::memmem::find(file, name.as_bytes())? + name.len();
    (at + NO_CHECKSUM.len() <= file.len()).then_some(at)
}

/// The checksum of a file whose checksum is `at` in its first part.
fn checksum<'f>(head: &[u8], at: usize, rest: impl Iterator<Item = &'f [u8]>) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..at]);
    hasher.update(NO_CHECKSUM.as_bytes());
    hasher.update(&head[at + NO_CHECKSUM.len()..]);
    rest.for_each(|bytes| hasher.update(bytes));
    format!("{:08x}", hasher.finalize())
}

/// The contents of a safetensors file, or of several.
#[derive(Default)]
pub(in crate::train) struct Parsed<'f> {
    pub(in crate::train) tensors: Tensors<'f>,
    pub(in crate::train) metadata: BTreeMap<String, String>,
    /// The further places of shared nodes, with the first ones, if the file tells.
    pub(in crate::train) aliases: Option<BTreeMap<String, String>>,
    /// The checksum, if the file was written here.
    pub(super) checksum: Option<String>,
}

/// Reads a file, whose checksum has to fit if it has one.
pub(in crate::train) fn parse<'f>(path: &Path, bytes: &'f [u8]) -> Result<Parsed<'f>> {
    let corrupt = |why: String| {
        broken(
            path,
            format!("this is not a complete safetensors file, but truncated or corrupt: {why}"),
        )
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| corrupt(e.to_string()))?;
    let mut metadata: BTreeMap<String, String> =
        header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let (given, ours) = (metadata.remove(CHECKSUM), metadata.remove(WRITER));
    if given.is_some() || ours.is_some() {
        let found = checksum_at(bytes).map(|at| checksum(bytes, at, std::iter::empty()));
        if given.is_none() || ours.is_none() || given != found {
            return Err(corrupt("its checksum does not fit".into()));
        }
    }
    let aliases = match metadata.remove(ALIASES) {
        Some(text) => {
            Some(serde_json::from_str(&text).map_err(|e| corrupt(format!("{ALIASES}: {e}")))?)
        }
        None => None,
    };
    Ok(Parsed { tensors: file.tensors().into_iter().collect(), metadata, aliases, checksum: given })
}

/// The format's name for a dtype; it has none for c128 and some floats of 8 bits.
pub(super) fn safe_dtype(dtype: DType) -> Option<Dtype> {
    Some(match dtype {
        DType::Bool => Dtype::BOOL,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::U16 => Dtype::U16,
        DType::U32 => Dtype::U32,
        DType::U64 => Dtype::U64,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::C64 => Dtype::C64,
        DType::F8E4M3FN => Dtype::F8_E4M3,
        DType::F8E5M2 => Dtype::F8_E5M2,
        DType::F8E4M3FNUZ => Dtype::F8_E4M3FNUZ,
        DType::F8E5M2FNUZ => Dtype::F8_E5M2FNUZ,
        DType::F8E8M0FNU => Dtype::F8_E8M0,
        DType::C128 | DType::F8E4M3B11FNUZ | DType::F8E3M4 | DType::F8E4M3 => return None,
    })
}

pub(in crate::train) fn dtype(safe: Dtype) -> Option<DType> {
    DType::ALL.into_iter().chain(DType::SMALL).find(|&dtype| safe_dtype(dtype) == Some(safe))
}
