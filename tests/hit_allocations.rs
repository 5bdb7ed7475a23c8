//! The allocations of a call that finds its executable. The crate that counts is the allocator of the
//! whole process, so this is a process of its own.

use allocation_counter::measure;
use nnx::module::MetaValue;
use nnx::xla::{Backend, Client};
use nnx::{Array, DType, Module, Param, Shared};
use std::collections::BTreeMap;

#[derive(Module)]
struct Cell {
    kernel: Param,
    bias: Option<Param>,
    width: usize,
}

#[derive(Module)]
struct Block {
    cells: Vec<Cell>,
    gains: BTreeMap<String, Param>,
    label: String,
}

/// Three deep, with static parts, options, lists, maps and metadata.
#[derive(Module)]
struct Net {
    blocks: Vec<Block>,
}

/// `blocks` times 5 Variables.
fn net(blocks: usize) -> Net {
    let param = || Param::new(nnx::array::zeros([8], DType::F32));
    let noted = || {
        let mut param = param();
        param.metadata_mut().set("axis", MetaValue::Int(0));
        param
    };
    let cell = || Cell { kernel: noted(), bias: Some(param()), width: 8 };
    let block = |i: usize| Block {
        cells: vec![cell(), cell()],
        gains: [(format!("gain {i}"), param())].into(),
        label: format!("block {i}"),
    };
    Net { blocks: (0..blocks).map(block).collect() }
}

#[nnx::jit(graph = false)]
fn step(net: &mut Net, #[nnx(static)] scale: f32) {
    for block in &mut net.blocks {
        let cells = block
            .cells
            .iter_mut()
            .flat_map(|cell| [&mut cell.kernel].into_iter().chain(&mut cell.bias));
        for param in cells.chain(block.gains.values_mut()) {
            let next = &*param + scale;
            param.set(next);
        }
    }
}

#[test]
fn a_hit_allocates_nothing_for_any_number_of_variables() {
    let count = |blocks| {
        let mut net = net(blocks);
        // The first call compiles, and the second is the first whose lists the thread keeps.
        step(&mut net, 1.0);
        step(&mut net, 1.0);
        let counted = measure(|| step(&mut net, 1.0)).count_total;
        assert_eq!(net.blocks[blocks - 1].cells[1].kernel.to_vec::<f32>(), [3.0; 8]);
        counted
    };
    let counts = [1, 2, 20, 100].map(count);
    // The crate `xla` allocates for each buffer.
    if Client::global().unwrap().backend() == Backend::Pjrt {
        assert_eq!(counts, [0; 4]);
    }
}

#[nnx::jit]
fn shared_step(nodes: &Vec<Shared<Param>>) {
    for node in nodes {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
}

#[test]
fn a_hit_allocates_nothing_for_any_number_of_shared_nodes() {
    let count = |nodes| {
        let node = || Shared::new(Param::new(nnx::array::zeros([8], DType::F32)));
        let nodes: Vec<_> = std::iter::repeat_with(node).take(nodes).collect();
        shared_step(&nodes);
        shared_step(&nodes);
        let counted = measure(|| shared_step(&nodes)).count_total;
        assert_eq!(nodes[0].read().to_vec::<f32>(), [3.0; 8]);
        counted
    };
    let counts = [1, 100, 1000].map(count);
    if Client::global().unwrap().backend() == Backend::Pjrt {
        assert_eq!(counts, [0; 3]);
    }
}

#[nnx::jit(graph = false)]
fn read(net: &Net, x: &Array) -> Array {
    net.blocks.iter().flat_map(|block| &block.cells).fold(x.clone(), |x, cell| x + &cell.kernel)
}

#[test]
fn reading_many_variables_allocates_for_the_result_alone() {
    let x = nnx::array::zeros([8], DType::F32);
    let counts = [1, 50].map(|blocks| {
        let net = net(blocks);
        drop(read(&net, &x));
        measure(|| drop(read(&net, &x))).count_total
    });
    if Client::global().unwrap().backend() == Backend::Pjrt {
        assert_eq!(counts[0], counts[1]);
    }
}

#[nnx::jit]
fn toggle(net: &mut Net, bias: &Array) {
    for cell in net.blocks.iter_mut().flat_map(|block| &mut block.cells) {
        let next = &cell.kernel + 1.0;
        cell.kernel.set(next);
    }
    let last = &mut net.blocks[0].cells[1];
    last.bias = if last.bias.is_some() { None } else { Some(Param::new(bias.clone())) };
}

#[test]
fn a_change_of_structure_allocates_for_what_changes_alone() {
    let bias = nnx::array::zeros([8], DType::F32);
    let counts = [1, 20, 100].map(|blocks| {
        let mut net = net(blocks);
        let kernel = std::ptr::from_ref(&net.blocks[0].cells[0].kernel);
        (0..4).for_each(|_| toggle(&mut net, &bias));
        let counted = [(); 2].map(|()| measure(|| toggle(&mut net, &bias)).count_total);
        assert_eq!(net.blocks[blocks - 1].cells[1].kernel.to_vec::<f32>(), [6.0; 8]);
        assert_eq!(kernel, std::ptr::from_ref(&net.blocks[0].cells[0].kernel));
        counted
    });
    if Client::global().unwrap().backend() == Backend::Pjrt {
        println!("{counts:?}");
        assert_eq!(counts, [counts[0]; 3]);
        assert!(counts[0][0] <= 8 && counts[0][1] <= 8, "{counts:?}");
    }
}

#[nnx::jit]
fn longer_or_shorter(nodes: &mut Vec<Shared<Param>>, fresh: &Shared<Param>, grows: bool) {
    for node in nodes.iter() {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
    if grows {
        nodes.push(fresh.clone());
    } else {
        nodes.pop();
    }
}

#[test]
fn a_list_that_grows_or_shrinks_allocates_for_its_end_alone() {
    let node = || Shared::new(Param::new(nnx::array::zeros([8], DType::F32)));
    let fresh = node();
    let counts = [2, 20, 500].map(|len| {
        let mut nodes: Vec<_> = std::iter::repeat_with(node).take(len).collect();
        let first = nodes[0].clone();
        let mut turn = |grows| longer_or_shorter(&mut nodes, &fresh, grows);
        [true, false, true, false].into_iter().for_each(&mut turn);
        let counted = [true, false].map(|grows| measure(|| turn(grows)).count_total);
        assert_eq!(nodes.len(), len);
        assert_eq!(first.read().to_vec::<f32>(), [6.0; 8]);
        counted
    });
    if Client::global().unwrap().backend() == Backend::Pjrt {
        println!("{counts:?}");
        assert_eq!(counts, [counts[0]; 3]);
    }
}

#[derive(Module)]
struct Lists {
    params: Vec<Param>,
    nodes: Vec<Shared<Param>>,
    gains: BTreeMap<&'static str, Param>,
}

/// Sets what stays, and puts something between or takes it out.
#[nnx::jit]
fn more_or_less_between(lists: &mut Lists, fresh: &Shared<Param>, grows: bool) {
    for param in lists.params.iter_mut().chain(lists.gains.values_mut()) {
        let next = &*param + 1.0;
        param.set(next);
    }
    if grows {
        let new = || Param::new(&**fresh.read() * 2.0);
        lists.params.insert(1, new());
        lists.nodes.insert(0, fresh.clone());
        lists.gains.insert("b", new());
    } else {
        lists.params.remove(1);
        lists.nodes.remove(0);
        lists.gains.remove("b");
    }
}

#[test]
fn lists_and_maps_that_change_inside_allocate_for_the_change_alone() {
    let param = || Param::new(nnx::array::zeros([8], DType::F32));
    let fresh = Shared::new(param());
    let counts = [2, 20, 500].map(|len| {
        let keys = (0..len).map(|i| -> &'static str { Box::leak(format!("k{i}").into()) });
        let mut lists = Lists {
            params: std::iter::repeat_with(param).take(len).collect(),
            nodes: std::iter::repeat_with(|| Shared::new(param())).take(len).collect(),
            gains: ["a"].into_iter().chain(keys).map(|key| (key, param())).collect(),
        };
        let mut turn = |grows| more_or_less_between(&mut lists, &fresh, grows);
        [true, false, true, false].into_iter().for_each(&mut turn);
        let counted = [true, false].map(|grows| measure(|| turn(grows)).count_total);
        assert_eq!((lists.params.len(), lists.nodes.len(), lists.gains.len()), (len, len, len + 1));
        let values = [&lists.params[0], &lists.params[len - 1], &lists.gains["k1"]];
        assert!(values.iter().all(|param| param.to_vec::<f32>() == [6.0; 8]));
        counted
    });
    if Client::global().unwrap().backend() == Backend::Pjrt {
        println!("{counts:?}");
        // A full node of a `BTreeMap` is split where an entry comes.
        let is_near = |[longer, shorter]: [u64; 2]| longer <= counts[0][0] + 2 && shorter <= 8;
        assert!(counts[0][0] <= 16 && counts.into_iter().all(is_near), "{counts:?}");
    }
}
