/// Permutes the dimensions: dimension `i` of the result is dimension `perm[i]` of the operand.
#[derive(Clone, Debug)]
struct Transpose {
    perm: Vec<usize>,
}

impl Primitive for Transpose {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        let mut sorted = self.perm.clone();
        sorted.sort();
        match sorted.into_iter().eq(0..ins[0].len()) {
            true => Ok(self.perm.iter().map(|&d| ins[0][d]).collect()),
            false => Err(format!("{:?} is not a permutation of {:?}", self.perm, ins[0])),
        }
    }
    fn eval(&self, ins: &[&Buffer], out: &Aval) -> Vec<f64> {
        // How far apart neighbours along each dimension of the operand lie.
        let shape = &ins[0].aval;
        let stride = |d: usize| shape[d + 1..].iter().product::<usize>();
        let element = |mut i: usize| {
            let mut at = 0;
            for (&size, &d) in out.iter().zip(&self.perm).rev() {
                at += i % size * stride(d);
                i /= size;
            }
            ins[0].elements[at]
        };
        (0..out.iter().product()).map(element).collect()
    }
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent) {
        linear(self, primals, tangents)
    }
    fn transpose(&self, _: &[Lin], ct: &Array) -> Vec<Tangent> {
        let mut inverse = vec![0; self.perm.len()];
        self.perm.iter().enumerate().for_each(|(i, &d)| inverse[d] = i);
        vec![Some(bind(Transpose { perm: inverse }, &[ct]))]
    }
    fn batch(&self, ins: &[Array], _: &[bool], _: usize) -> Array {
        let perm = std::iter::once(0).chain(self.perm.iter().map(|d| d + 1)).collect();
        bind(Transpose { perm }, &[&ins[0]])
    }
}

#[test]
fn a_new_primitive_works_in_all_transforms() {
    let transpose = |x: &Array| bind(Transpose { perm: vec![1, 2, 0] }, &[x]);
    let x = Array::from_slice(&Vec::from_iter((0..24).map(f64::from)), &[2, 3, 4]);
    let y = transpose(&x);
    assert_eq!(y.aval(), &[3, 4, 2]);
    assert_eq!(y.to_vec()[..4], [0.0, 12.0, 1.0, 13.0]);

    // The sum of y·w changes with x by w, carried back.
    let w = transpose(&x);
    let loss = |x: &[Array]| vec![(transpose(&x[0]) * &w).sum(0).sum(0).sum(0)];
    assert_eq!(grad(loss, std::slice::from_ref(&x))[0].to_vec(), x.to_vec());

    let batch = vmap(|x| vec![bind(Transpose { perm: vec![1, 0] }, &[&x[0]])], &[x]);
    assert_eq!(batch[0].aval(), &[2, 4, 3]);
    assert_eq!(batch[0].to_vec()[12..15], [12.0, 16.0, 20.0]);
}

/// 1 where an element is NaN, 0 elsewhere.
#[derive(Clone, Copy, Debug)]
struct IsNan;

impl Primitive for IsNan {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        Ok(ins[0].clone())
    }
    fn eval(&self, ins: &[&Buffer], _: &Aval) -> Vec<f64> {
        ins[0].elements.iter().map(|x| f64::from(x.is_nan())).collect()
    }
    fn jvp(&self, primals: &[Array], _: &[Tangent]) -> (Array, Tangent) {
        (bind(IsNan, &[&primals[0]]), None)
    }
    fn batch(&self, ins: &[Array], _: &[bool], _: usize) -> Array {
        bind(IsNan, &[&ins[0]])
    }
}

/// The results of `f`, and the number of NaNs in the result of each of its operations.
fn checkify(
    f: impl FnOnce(&[Array]) -> Vec<Array>,
    args: &[Array],
) -> (Vec<Array>, Vec<(Op, Array)>) {
    let Closed { graph, captures } = trace(&avals(args), f);
    let mut env = Env::new(&graph, &[args, &captures].concat());
    let mut counts = vec![];
    for node in &graph.nodes {
        env.replay(node);
        let mut count = bind(IsNan, &[&env.get(node.out)]);
        while !count.aval().is_empty() {
            count = count.sum(0);
        }
        counts.push((node.op.clone(), count));
    }
    (env.all(&graph.outputs), counts)
}

#[test]
fn the_first_operation_that_makes_nan_is_found() {
    // The product of the exponentials is 1, but infinity times 0 is NaN.
    fn f(x: &[Array]) -> Vec<Array> {
        vec![x[0].exp() * (-&x[0]).exp() + &x[0]]
    }
    fn counts(x: &[Array]) -> Vec<Array> {
        checkify(f, x).1.into_iter().map(|(_, count)| count).collect()
    }
    let x = Array::from_slice(&[1.0, 1000.0], &[2]);
    let (_, all) = checkify(f, std::slice::from_ref(&x));
    let first = all.iter().find(|(_, count)| count.to_vec() != [0.0]);
    assert_eq!(first.map(|(op, _)| format!("{op:?}")), Some("Mul".to_owned()));

    // Of each example, and under jit.
    let mul = 3;
    assert_eq!(vmap(counts, std::slice::from_ref(&x))[mul].to_vec(), [0.0, 1.0]);
    assert_eq!(jit(counts).call(std::slice::from_ref(&x))[mul].to_vec(), [1.0]);

    // The gradient is that of the function without checks.
    let checked = |x: &[Array]| vec![checkify(f, x).0[0].sum(0)];
    let x = Array::from_slice(&[1.0, 2.0], &[2]);
    assert_eq!(grad(checked, &[x])[0].to_vec(), [1.0, 1.0]);
}
