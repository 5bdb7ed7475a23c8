//! Arrays that lie on several devices, a part on each.

use super::client::Client;
use super::placement::Placement;
use super::runtime::{RawBuffer, What};
use crate::error::{Error, Result};
use crate::value::{Aval, NamedSharding};
use std::ops::Range;

/// The parts of an array, one for each device of the mesh, from its dense form on the host.
pub(super) fn split(bytes: &[u8], aval: &Aval, sharding: &NamedSharding) -> Result<Vec<Vec<u8>>> {
    let count = sharding.mesh().size();
    (0..count).map(|at| part(bytes, aval, &sharding.shard_index(at, aval.shape())?)).collect()
}

/// The dense form of the part of an array.
fn part(bytes: &[u8], aval: &Aval, index: &[Range<usize>]) -> Result<Vec<u8>> {
    let mut part = Vec::new();
    let size = aval.dtype().size();
    for_each_row(aval.shape(), index, &mut |whole| {
        part.extend_from_slice(&bytes[whole.start * size..whole.end * size]);
    });
    Ok(part)
}

/// An array of `aval` from its parts.
pub(super) fn join(parts: &[Vec<u8>], aval: &Aval, sharding: &NamedSharding) -> Result<Vec<u8>> {
    let size = aval.dtype().size();
    let mut bytes = vec![0; aval.byte_size()];
    for (at, part) in parts.iter().enumerate() {
        let index = sharding.shard_index(at, aval.shape())?;
        let mut done = 0;
        for_each_row(aval.shape(), &index, &mut |whole| {
            let row = (whole.end - whole.start) * size;
            bytes[whole.start * size..whole.end * size].copy_from_slice(&part[done..done + row]);
            done += row;
        });
    }
    Ok(bytes)
}

/// Calls `visit` with the places of each row of a part among the elements of an array of `shape`, in order.
fn for_each_row(shape: &[usize], index: &[Range<usize>], visit: &mut dyn FnMut(Range<usize>)) {
    fn go(
        shape: &[usize],
        index: &[Range<usize>],
        start: usize,
        visit: &mut dyn FnMut(Range<usize>),
    ) {
        match (shape, index) {
            ([], _) | (_, []) => visit(start..start + 1),
            ([_], [last]) => visit(start + last.start..start + last.end),
            ([_, inner @ ..], [first, rest @ ..]) => {
                let stride: usize = inner.iter().product();
                first.clone().for_each(|i| go(inner, rest, start + i * stride, visit));
            }
        }
    }
    if index.iter().all(|range| !range.is_empty()) {
        go(shape, index, 0, visit);
    }
}

/// The error for a mesh with a device that the client does not have.
pub(super) fn check_devices(client: Client, sharding: &NamedSharding) -> Result<()> {
    let count = client.device_count();
    match sharding.mesh().devices().iter().find(|&&device| device >= count) {
        Some(device) => Err(Error::Invalid(format!(
            "{} has device {device}, but {client} has {count} (the number of CPU devices is set with \
             `xla::init(ClientOptions::new().cpu_devices(n))`, before the first use of an array)",
            sharding.mesh()
        ))),
        None => Ok(()),
    }
}

/// Uploads the parts of an array: the one of the first device, and the others.
pub(super) fn upload(
    client: Client,
    bytes: &[u8],
    aval: &Aval,
    sharding: &NamedSharding,
) -> Result<(RawBuffer, Option<Box<[RawBuffer]>>)> {
    let part_aval = sharding.shard_aval(aval)?;
    let what = || format!("uploading {aval} as {sharding}");
    let mut raws = Vec::with_capacity(sharding.mesh().size());
    for (part, &device) in split(bytes, aval, sharding)?.iter().zip(sharding.mesh().devices()) {
        match client.runtime().upload(part, &part_aval, Placement::device(device), &what) {
            Ok(raw) => raws.push(raw),
            Err(error) => {
                for raw in raws {
                    // SAFETY: nobody else has it.
                    unsafe { client.runtime().destroy_buffer(raw) };
                }
                return Err(error);
            }
        }
    }
    // A mesh has a device.
    Ok((raws[0], Some(raws[1..].into())))
}

/// The elements of an array whose parts these are. Waits for them.
///
/// # Safety
/// They are alive, one for each device of `placement`, and of the shape and dtype that such a part of `aval` has.
pub(super) unsafe fn read(
    client: Client,
    raws: impl Iterator<Item = RawBuffer>,
    aval: &Aval,
    placement: Placement,
    what: What<'_>,
) -> Result<Vec<u8>> {
    let part = placement.shard(aval)?;
    // SAFETY: the caller's promise.
    let mut parts = raws.map(|raw| unsafe { client.runtime().to_host(raw, &part, what) });
    match placement.sharding().filter(|_| part != *aval) {
        Some(sharding) => join(&parts.collect::<Result<Vec<_>>>()?, aval, sharding),
        // The first one has all of it.
        None => parts.next().unwrap_or_else(|| Ok(Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DType, Mesh};

    #[test]
    fn what_is_split_is_joined() {
        let mesh = Mesh::new([("a", 2), ("b", 3)]).unwrap();
        let aval = Aval::new(DType::U8, &[4, 6, 2]);
        let bytes: Vec<u8> = (0..48).collect();
        let specs = [
            mesh.sharding(()),
            mesh.sharding(("a", "b")),
            mesh.sharding((None, ["b", "a"])),
            mesh.sharding((None, None, "a")),
        ];
        for sharding in specs.map(Result::unwrap) {
            let parts = split(&bytes, &aval, &sharding).unwrap();
            assert_eq!(join(&parts, &aval, &sharding).unwrap(), bytes, "{sharding}");
        }
        let columns = mesh.sharding((None, ["b", "a"])).unwrap();
        let parts = split(&bytes, &aval, &columns).unwrap();
        // Device 1 is at (a, b) = (0, 1), whose number along (b, a) is 2.
        assert_eq!(parts[1], [4, 5, 16, 17, 28, 29, 40, 41]);
    }
}
