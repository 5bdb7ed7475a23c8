//! The cost of a call: a jitted step that adds 1 to each of V Variables f32[8] nested in Modules,
//! state updated in place and awaited, beside a bare PJRT execute + await + free of the same
//! program, in one run: in tree mode, in graph mode without shared nodes, and with every Variable in a
//! node of its own. The row "graph/tree" has the two modes in turns, tree mode as the floor. The rows
//! "changed" give the model another structure in every call: one Variable comes or goes, or the last node of a
//! list. On another backend than PJRT, the calls alone.
//!
//! `cargo bench --bench dispatch -- [--json FILE]`

use nnx::jit::lower;
use nnx::xla::{Backend, Client, Floor, Placement, Program};
use nnx::{DType, Module, Param, Shared};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Module)]
struct Leaf {
    w: Param,
    b: Option<Param>,
}

#[derive(Module)]
struct Block {
    leaves: Vec<Leaf>,
}

#[derive(Module)]
struct Model {
    blocks: Vec<Block>,
}

/// Every Variable a node.
#[derive(Module)]
struct Nodes {
    nodes: Vec<Shared<Param>>,
}

fn nodes(variables: usize) -> Nodes {
    let node = || Shared::new(Param::new(nnx::array::zeros([8], DType::F32)));
    Nodes { nodes: std::iter::repeat_with(node).take(variables).collect() }
}

#[nnx::jit]
fn graph_step(model: &mut Model) {
    add_one(model);
}

#[nnx::jit]
fn node_step(model: &Nodes) {
    for node in &model.nodes {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
}

/// A Variable that was there goes, one that was not comes.
#[nnx::jit]
fn owned_toggle(model: &mut Model, fresh: &Param) {
    add_one(model);
    let last = model.blocks.last_mut().and_then(|block| block.leaves.last_mut());
    let last = last.expect("a model has a leaf");
    last.b = last.b.is_none().then(|| fresh.clone());
}

/// As `owned_toggle`, with the Variable in a node.
#[derive(Module)]
struct Toggled {
    nodes: Vec<Shared<Param>>,
    last: Shared<Leaf>,
}

#[nnx::jit]
fn node_toggle(model: &Toggled, fresh: &Param) {
    for node in &model.nodes {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
    let mut last = model.last.write();
    last.b = last.b.is_none().then(|| fresh.clone());
}

/// A node is taken out of the list, or put back.
#[nnx::jit]
fn list_toggle(model: &mut Nodes, fresh: &Shared<Param>, has_fresh: bool) {
    for node in &model.nodes {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
    if has_fresh {
        model.nodes.pop();
    } else {
        model.nodes.push(fresh.clone());
    }
}

/// Five leaves a block, two Variables a leaf.
fn model(variables: usize) -> Model {
    let param = || Param::new(nnx::array::zeros([8], DType::F32));
    let mut left = variables;
    let mut blocks = Vec::new();
    while left > 0 {
        let mut leaves = Vec::new();
        while left > 0 && leaves.len() < 5 {
            let b = (left > 1).then(param);
            left -= if b.is_some() { 2 } else { 1 };
            leaves.push(Leaf { w: param(), b });
        }
        blocks.push(Block { leaves });
    }
    Model { blocks }
}

#[nnx::jit(graph = false)]
fn step(model: &mut Model) {
    add_one(model);
}

fn add_one(model: &mut Model) {
    for leaf in model.blocks.iter_mut().flat_map(|block| &mut block.leaves) {
        for param in std::iter::once(&mut leaf.w).chain(&mut leaf.b) {
            let next = &*param + 1.0;
            param.set(next);
        }
    }
}

/// The same program with the same buffers, without the library.
fn floor(variables: usize) -> Result<Floor, Box<dyn Error>> {
    let mut model = model(variables);
    let lowered = lower(|| step(&mut model))?;
    let avals = lowered.output_avals();
    let client = Client::global()?;
    let executable =
        client.compile(&Program::stablehlo("floor", &lowered.stablehlo(), &avals, &avals))?;
    let zeros = vec![0; avals[0].byte_size()];
    let state = avals
        .iter()
        .map(|aval| client.upload(&zeros, aval.clone(), Placement::default()))
        .collect::<Result<_, _>>()?;
    Ok(Floor::new(executable, state)?)
}

fn time(calls: usize, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut json = None;
    while let Some(arg) = args.next() {
        if arg == "--json" {
            let path = args.next().ok_or("--json needs a file")?;
            json = Some(std::fs::File::create(path)?);
        }
    }
    println!(
        "{:>6} {:>15} {:>12} {:>12} {:>7} {:>22}",
        "V", "mode", "floor us", "nnx::jit us", "ratio", "allocations per call"
    );
    for variables in [1, 10, 100, 1000] {
        let (mut tree, mut graph, shared) = (model(variables), model(variables), nodes(variables));
        let wait = |param: &Param| {
            if let Err(error) = param.block_until_ready() {
                panic!("{error}");
            }
        };
        let tree_call = || {
            step(black_box(&mut tree));
            wait(&tree.blocks[0].leaves[0].w);
        };
        compare("tree", variables, json.as_mut(), tree_call)?;
        let graph_call = || {
            graph_step(black_box(&mut graph));
            wait(&graph.blocks[0].leaves[0].w);
        };
        compare("graph", variables, json.as_mut(), graph_call)?;
        let (mut tree, mut graph) = (model(variables), model(variables));
        let mut tree_call = || {
            step(black_box(&mut tree));
            wait(&tree.blocks[0].leaves[0].w);
        };
        let graph_call = || {
            graph_step(black_box(&mut graph));
            wait(&graph.blocks[0].leaves[0].w);
        };
        in_turns("graph/tree", variables, json.as_mut(), true, &mut tree_call, graph_call)?;
        let node_call = || {
            node_step(black_box(&shared));
            wait(&shared.nodes[0].read());
        };
        compare("graph, shared", variables, json.as_mut(), node_call)?;
        let fresh = Param::new(nnx::array::zeros([8], DType::F32));
        let mut owned = model(variables);
        let owned_call = || {
            owned_toggle(black_box(&mut owned), &fresh);
            wait(&owned.blocks[0].leaves[0].w);
        };
        compare("graph, changed", variables, json.as_mut(), owned_call)?;
        let last = Shared::new(Leaf { w: fresh.clone(), b: None });
        let toggled = Toggled { nodes: nodes(variables).nodes, last };
        let toggled_call = || {
            node_toggle(black_box(&toggled), &fresh);
            wait(&toggled.nodes[0].read());
        };
        compare("shared, changed", variables, json.as_mut(), toggled_call)?;
        let (mut listed, fresh) = (nodes(variables), Shared::new(fresh.clone()));
        let list_call = || {
            let has_fresh = listed.nodes.len() > variables;
            list_toggle(black_box(&mut listed), &fresh, has_fresh);
            wait(&listed.nodes[0].read());
        };
        compare("list, changed", variables, json.as_mut(), list_call)?;
    }
    Ok(())
}

/// Prints the time of `nnx_call` beside the floor of as many Variables.
fn compare(
    mode: &str,
    variables: usize,
    json: Option<&mut std::fs::File>,
    nnx_call: impl FnMut(),
) -> Result<(), Box<dyn Error>> {
    let has_floor = Client::global()?.backend() == Backend::Pjrt;
    let mut floor = has_floor.then(|| floor(variables)).transpose()?;
    let mut floor_call = || {
        if let Some(Err(error)) = floor.as_mut().map(Floor::step) {
            panic!("{error}");
        }
    };
    in_turns(mode, variables, json, has_floor, &mut floor_call, nnx_call)
}

/// Prints the time of `nnx_call` beside that of `floor_call`, if there is one, in turns.
fn in_turns(
    mode: &str,
    variables: usize,
    json: Option<&mut std::fs::File>,
    has_floor: bool,
    floor_call: &mut dyn FnMut(),
    mut nnx_call: impl FnMut(),
) -> Result<(), Box<dyn Error>> {
    // The first calls compile.
    nnx_call();
    nnx_call();
    floor_call();
    let one = Duration::from_secs_f64(time(20, &mut nnx_call) * 1e-6);
    let calls = (0.02 / one.as_secs_f64().max(1e-6)) as usize + 5;
    time(calls, &mut nnx_call);
    let (mut floors, mut jits, mut ratios) = (vec![], vec![], vec![]);
    for round in 0..61 {
        let (a, b);
        if round % 2 == 0 {
            a = time(calls, &mut *floor_call);
            b = time(calls, &mut nnx_call);
        } else {
            b = time(calls, &mut nnx_call);
            a = time(calls, &mut *floor_call);
        }
        floors.push(a);
        jits.push(b);
        ratios.push(b / a);
    }
    let allocations = allocation_counter::measure(&mut nnx_call).count_total;
    let (floor, jit, ratio) = (median(&mut floors), median(&mut jits), median(&mut ratios));
    let beside = |x: String| if has_floor { x } else { "-".into() };
    let (shown, ratio_shown) = (beside(format!("{floor:.2}")), beside(format!("{ratio:.3}")));
    println!(
        "{variables:>6} {mode:>15} {shown:>12} {jit:>12.2} {ratio_shown:>7} {allocations:>22}"
    );
    let Some(json) = json else { return Ok(()) };
    let rows = [("floor", floor, 1.0), (mode, jit, ratio)];
    for (variant, micros, ratio) in &rows[usize::from(!has_floor)..] {
        let ratio = if has_floor { format!("{ratio:.4}") } else { "null".into() };
        writeln!(
            json,
            "{{\"bench\":\"dispatch\",\"case\":\"V={variables}\",\"variant\":\"{variant}\",\
             \"median_us\":{micros:.3},\"ratio\":{ratio}}}"
        )?;
    }
    Ok(())
}
