/// The arrays that stand for the values of a graph while it is replayed.
#[derive(Clone)]
struct Env(Vec<Option<Array>>);

impl Env {
    fn new(graph: &Graph, args: &[Array]) -> Env {
        let mut env = Env(vec![None; graph.avals.len()]);
        graph.inputs.iter().zip(args).for_each(|(&v, arg)| env.set(v, arg.clone()));
        env
    }

    fn get(&self, value: Value) -> Array {
        match &self.0[value.0] {
            Some(array) => array.clone(),
            None => unreachable!("a graph defines its values before their use"),
        }
    }

    fn all(&self, values: &[Value]) -> Vec<Array> {
        values.iter().map(|&v| self.get(v)).collect()
    }

    fn set(&mut self, value: Value, array: Array) {
        self.0[value.0] = Some(array);
    }

    /// Applies the node's operation again.
    fn replay(&mut self, node: &Node) {
        let ins = self.all(&node.ins);
        let out = bind_op(node.op.clone(), &ins.iter().collect::<Vec<_>>());
        self.set(node.out, out);
    }
}

fn interpret(graph: &Graph, args: &[Array]) -> Vec<Array> {
    let mut env = Env::new(graph, args);
    graph.nodes.iter().for_each(|node| env.replay(node));
    env.all(&graph.outputs)
}

fn avals(arrays: &[Array]) -> Vec<Aval> {
    arrays.iter().map(|array| array.aval().clone()).collect()
}

/// The results of `f` at `primals`, and how they change along `tangents`.
fn jvp(
    f: impl FnOnce(&[Array]) -> Vec<Array>,
    primals: &[Array],
    tangents: &[Array],
) -> (Vec<Array>, Vec<Array>) {
    let Closed { graph, captures } = trace(&avals(primals), f);
    let mut env = Env::new(&graph, &[primals, &captures].concat());
    let mut tangent_env = Env::new(&graph, tangents).0;
    for node in &graph.nodes {
        let tangents: Vec<Tangent> = node.ins.iter().map(|v| tangent_env[v.0].clone()).collect();
        if tangents.iter().all(Option::is_none) {
            env.replay(node);
            continue;
        }
        let (out, tangent) = node.op.jvp(&env.all(&node.ins), &tangents);
        env.set(node.out, out);
        tangent_env[node.out.0] = tangent;
    }
    let or_zeros = |v: &Value| tangent_env[v.0].clone().unwrap_or(Array::zeros(&graph.avals[v.0]));
    (env.all(&graph.outputs), graph.outputs.iter().map(or_zeros).collect())
}

#[test]
fn tangents_and_tangents_of_tangents() {
    let cube = |x: &[Array]| vec![&x[0] * &x[0] * &x[0]];
    let slope = |x: &[Array]| jvp(cube, x, &[Array::scalar(1.0)]).1;
    let (y, dy) = jvp(slope, &[Array::scalar(2.0)], &[Array::scalar(1.0)]);
    assert_eq!((y[0].to_vec(), dy[0].to_vec()), (vec![12.0], vec![12.0]));
}

/// Which values depend on `inputs`.
fn dependent(graph: &Graph, inputs: &[Value]) -> Vec<bool> {
    let mut depends = vec![false; graph.avals.len()];
    inputs.iter().for_each(|v| depends[v.0] = true);
    for node in &graph.nodes {
        depends[node.out.0] = node.ins.iter().any(|v| depends[v.0]);
    }
    depends
}

/// The derivative of a function at a point.
struct LinearMap {
    /// Values and tangents of the function; its outputs are the results' tangents.
    graph: Graph,
    /// The inputs of the graph that are tangents.
    tangents: Vec<Value>,
    /// Which values depend on these.
    linear: Vec<bool>,
    /// All the others.
    known: Env,
}

/// The results of `f` at `args`, and its derivative there.
fn linearize(f: impl FnOnce(&[Array]) -> Vec<Array>, args: &[Array]) -> (Vec<Array>, LinearMap) {
    let n = args.len();
    let Closed { mut graph, captures } = trace(&[avals(args), avals(args)].concat(), |inputs| {
        let (outs, tangents) = jvp(f, &inputs[..n], &inputs[n..]);
        [outs, tangents].concat()
    });
    let tangents = graph.inputs[n..2 * n].to_vec();
    let linear = dependent(&graph, &tangents);
    let mut known = Env::new(&graph, args);
    graph.inputs[2 * n..].iter().zip(captures).for_each(|(&v, array)| known.set(v, array));
    graph.nodes.iter().filter(|node| !linear[node.out.0]).for_each(|node| known.replay(node));
    // The results, and as many tangents.
    let outputs = graph.outputs.split_off(graph.outputs.len() / 2);
    let outs = known.all(&graph.outputs);
    graph.outputs = outputs;
    (outs, LinearMap { graph, tangents, linear, known })
}

impl LinearMap {
    /// The arguments' cotangents from those of the results.
    fn transpose(&self, cts: &[Array]) -> Vec<Array> {
        let mut ct_env: Vec<Tangent> = vec![None; self.graph.avals.len()];
        let add = |ct_env: &mut [Tangent], v: Value, ct: Tangent| {
            ct_env[v.0] = add_tangents(ct_env[v.0].take(), ct);
        };
        for (&v, ct) in self.graph.outputs.iter().zip(cts) {
            add(&mut ct_env, v, Some(ct.clone()));
        }
        for node in self.graph.nodes.iter().rev().filter(|node| self.linear[node.out.0]) {
            let Some(ct) = ct_env[node.out.0].take() else { continue };
            let lin = |&v: &Value| match self.linear[v.0] {
                true => Lin::Linear(self.graph.avals[v.0].clone()),
                false => Lin::Known(self.known.get(v)),
            };
            let ins: Vec<Lin> = node.ins.iter().map(lin).collect();
            for (&v, ct) in node.ins.iter().zip(node.op.transpose(&ins, &ct)) {
                add(&mut ct_env, v, ct);
            }
        }
        let or_zeros =
            |v: &Value| ct_env[v.0].take().unwrap_or_else(|| Array::zeros(&self.graph.avals[v.0]));
        self.tangents.iter().map(or_zeros).collect()
    }
}

/// The loss of `f` at `args`, and the loss's derivative by each of these.
fn value_and_grad(f: impl FnOnce(&[Array]) -> Vec<Array>, args: &[Array]) -> (Array, Vec<Array>) {
    let (outs, map) = linearize(f, args);
    let [loss] = &outs[..] else { panic!("a loss is one array, not {}", outs.len()) };
    assert!(loss.aval().is_empty(), "a loss is a scalar, not {:?}: sum it", loss.aval());
    (loss.clone(), map.transpose(&[Array::scalar(1.0)]))
}

fn grad(f: impl FnOnce(&[Array]) -> Vec<Array>, args: &[Array]) -> Vec<Array> {
    value_and_grad(f, args).1
}

#[test]
fn both_modes_agree() {
    let f = |x: &[Array]| vec![(&x[0] * &x[1]).tanh().sum(0)];
    let x = Array::from_slice(&[0.5, -1.0, 2.0], &[3]);
    let w = Array::scalar(0.25);
    let by_w = &grad(f, &[x.clone(), w.clone()])[1];
    let directions = [Array::zeros(&[3]), Array::scalar(1.0)];
    let along_w = jvp(f, &[x.clone(), w], &directions).1;
    assert!((along_w[0].to_vec()[0] - by_w.to_vec()[0]).abs() < 1e-12);

    let near = |w: f64| f(&[x.clone(), Array::scalar(w)])[0].to_vec()[0];
    let quotient = (near(0.25 + 1e-6) - near(0.25 - 1e-6)) / 2e-6;
    assert!((by_w.to_vec()[0] - quotient).abs() < 1e-8);
}

#[test]
fn the_gradient_is_a_program() {
    let f = |x: &[Array]| vec![(&x[0] * &x[0].exp()).sum(0)];
    let Closed { graph, .. } = trace(&[vec![2]], |x| grad(f, x));
    let expected = "\
inputs v0 v4
  v1: [2] = Exp v0
  v5: [2] = Broadcast { dim: 0, size: 2 } v4
  v6: [2] = Mul v0 v5
  v7: [2] = Mul v5 v1
  v8: [2] = Mul v6 v1
  v9: [2] = Add v7 v8
outputs v9";
    assert_eq!(graph.to_string(), expected);
}

/// `f` of each element of a batch, which lies along dimension 0 of all `args` and of the results.
fn vmap(f: impl FnOnce(&[Array]) -> Vec<Array>, args: &[Array]) -> Vec<Array> {
    let Some(&size) = args[0].aval().first() else { panic!("a scalar is not a batch") };
    let agree = args.iter().all(|arg| arg.aval().first() == Some(&size));
    assert!(agree, "the batches differ in size: {:?}", avals(args));
    let elements: Vec<Aval> = args.iter().map(|arg| arg.aval()[1..].to_vec()).collect();
    let Closed { graph, captures } = trace(&elements, f);
    let mut env = Env::new(&graph, &[args, &captures].concat());
    let in_batch = dependent(&graph, &graph.inputs[..args.len()]);
    for node in &graph.nodes {
        if !in_batch[node.out.0] {
            env.replay(node);
            continue;
        }
        let batched: Vec<bool> = node.ins.iter().map(|v| in_batch[v.0]).collect();
        let out = node.op.batch(&env.all(&node.ins), &batched, size);
        env.set(node.out, out);
    }
    graph.outputs.iter().map(|&v| repeated(&env.get(v), in_batch[v.0], size)).collect()
}

#[test]
fn gradients_of_each_example() {
    let w = Array::from_slice(&[0.5, -0.5], &[2]);
    let xs = Array::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[3, 2]);
    let of_one =
        |x: &Array| grad(|w| vec![(&w[0] * x).sum(0).tanh()], std::slice::from_ref(&w)).remove(0);
    let all = vmap(|x| vec![of_one(&x[0])], std::slice::from_ref(&xs));
    assert_eq!(all[0].aval(), &[3, 2]);
    for (i, row) in all[0].to_vec().chunks(2).enumerate() {
        let x = Array::from_slice(&xs.to_vec()[2 * i..2 * i + 2], &[2]);
        assert_eq!(row, of_one(&x).to_vec());
    }
}

/// A function with its programs, one for each list of shapes that it was called with.
struct Jit {
    f: fn(&[Array]) -> Vec<Array>,
    entries: RefCell<HashMap<Vec<Aval>, Arc<Closed>>>,
    traces: Cell<usize>,
}

fn jit(f: fn(&[Array]) -> Vec<Array>) -> Jit {
    Jit { f, entries: RefCell::default(), traces: Cell::new(0) }
}

impl Jit {
    fn call(&self, args: &[Array]) -> Vec<Array> {
        let key = avals(args);
        let found = self.entries.borrow().get(&key).cloned();
        let entry = found.unwrap_or_else(|| {
            let entry = Arc::new(trace(&key, self.f));
            self.traces.set(self.traces.get() + 1);
            self.entries.borrow_mut().insert(key, entry.clone());
            entry
        });
        interpret(&entry.graph, &[args, &entry.captures].concat())
    }
}

/// From weights, a bias, inputs and targets: the loss, and the weights and bias after a step.
fn train_step(args: &[Array]) -> Vec<Array> {
    let [w, b, xs, ys] = args else { panic!("four arrays are needed") };
    let loss = |params: &[Array]| {
        let error = |example: &[Array]| {
            let y = ((&params[0] * &example[0]).sum(0) + &params[1]).tanh();
            let error = y - &example[1];
            vec![&error * &error]
        };
        vec![vmap(error, &[xs.clone(), ys.clone()])[0].sum(0)]
    };
    let (loss, grads) = value_and_grad(loss, &[w.clone(), b.clone()]);
    let rate = Array::scalar(0.1);
    vec![loss, w - &rate * &grads[0], b - &rate * &grads[1]]
}

#[test]
fn a_neuron_learns_to_and() {
    let xs = Array::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2]);
    let ys = Array::from_slice(&[-1.0, -1.0, -1.0, 1.0], &[4]);
    let step = jit(train_step);
    let (mut w, mut b) = (Array::zeros(&[2]), Array::zeros(&[]));
    let mut losses = vec![];
    for _ in 0..200 {
        let outs = step.call(&[w, b, xs.clone(), ys.clone()]);
        losses.push(outs[0].to_vec()[0]);
        (w, b) = (outs[1].clone(), outs[2].clone());
    }
    assert_eq!(losses[0], 4.0);
    assert!(losses[199] < 0.1, "{}", losses[199]);
    assert_eq!(step.traces.get(), 1);

    // Two examples instead of four: other shapes, another program.
    let (xs, ys) = (Array::zeros(&[2, 2]), Array::zeros(&[2]));
    step.call(&[w, b, xs, ys]);
    assert_eq!(step.traces.get(), 2);
}
