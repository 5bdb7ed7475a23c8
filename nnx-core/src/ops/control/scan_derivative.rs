//! The derivative of [`Scan`].

use super::{Scan, active, count, loop_jvp, reordered};
use crate::graph::{Array, Backward, Closed, Dual, Mode, Tangent, Tangents, Value, trace};
use crate::rewrite::{self, JvpProgram, add_tangents, interpret, lin_of, spread, transpose};
use crate::value::Aval;
use smallvec::SmallVec;

impl Scan {
    /// The marked inputs by part: how many of the carry, of the slices, of the constants.
    fn parts(&self, flags: &[bool]) -> [usize; 3] {
        let (carry, rest) = flags.split_at(self.carry);
        let (xs, consts) = rest.split_at(self.xs);
        [count(carry), count(xs), count(consts)]
    }

    /// The given tangents, with zeros for those of the carry that come up later.
    fn tangent_inputs(
        &self,
        active: &[bool],
        primals: &[Array],
        tangents: &[Tangent],
    ) -> Vec<Array> {
        (0..primals.len())
            .filter(|&i| active[i])
            .map(|i| tangents[i].clone().unwrap_or_else(|| primals[i].zeros_like()))
            .collect()
    }

    /// The results' tangents from those that are not zero.
    fn tangent_outputs(program: &JvpProgram, given: &[Array]) -> Tangents {
        spread(&program.has_tangent, given).into()
    }

    /// Values and tangents in one loop.
    pub(super) fn jvp_joint(&self, primals: &[Array], tangents: &[Tangent]) -> Dual {
        let mut active = active(tangents);
        let program = loop_jvp(&self.body, &mut active, self.carry, Mode::Forward);
        let [carry, xs, consts] = self.parts(&active);
        let (ys, tys) = (program.has_tangent.len() - self.carry, program.tangent_outputs().len());
        let lengths =
            [self.carry, self.xs, primals.len() - self.carry - self.xs, carry, xs, consts];
        let order = [0, 3, 1, 4, 2, 5];
        let mut body = program.graph.clone();
        body.inputs = reordered(&body.inputs, &lengths, &order);
        body.outputs =
            reordered(&body.outputs, &[self.carry, ys, carry, tys - carry], &[0, 2, 1, 3]);
        let values: Vec<Array> = primals
            .iter()
            .cloned()
            .chain(self.tangent_inputs(&active, primals, tangents))
            .collect();
        let ids: Vec<Value> = (0..values.len() as u32).map(Value).collect();
        let ins: Vec<Array> = reordered(&ids, &lengths, &order)
            .into_iter()
            .map(|v| values[v.index()].clone())
            .collect();
        let op = Scan {
            body: body.into(),
            carry: self.carry + carry,
            xs: self.xs + xs,
            linear: vec![],
            ..self.clone()
        };
        let outs = op.bind(&ins);
        let (ends, rest) = outs.split_at(self.carry);
        let (t_ends, rest) = rest.split_at(carry);
        let (ys, t_ys) = rest.split_at(ys);
        let given: Vec<Array> = t_ends.iter().chain(t_ys).cloned().collect();
        (ends.iter().chain(ys).cloned().collect(), Self::tangent_outputs(&program, &given))
    }

    /// A loop of values, which keeps what a linear loop of tangents needs.
    pub(super) fn jvp_apart(&self, primals: &[Array], tangents: &[Tangent]) -> Dual {
        let mut active = active(tangents);
        let program = loop_jvp(&self.body, &mut active, self.carry, Mode::Reverse);
        let split = program.split(primals.len());
        let inputs = &program.graph.inputs[..primals.len()];
        let (varying, consts) = inputs.split_at(self.carry + self.xs);
        let changes = rewrite::varying(&program.graph, varying);

        // Slices and constants are there already, what does not change is computed before the
        // loop, and only the rest is stacked.
        let (mut kept, mut sliced, mut fixed) = (vec![], vec![], vec![]);
        for &v in &split.residuals {
            match varying[self.carry..].iter().position(|&x| x == v) {
                Some(i) => sliced.push((v, primals[self.carry + i].clone())),
                None if changes[v.index()] => kept.push(v),
                None => fixed.push(v),
            }
        }
        let fixed_values =
            interpret(&program.graph.part(consts, &fixed), &primals[varying.len()..]);

        let known = Scan {
            body: program.known_part(primals.len(), &kept).into(),
            linear: vec![],
            ..self.clone()
        };
        let mut outs = known.bind(primals);
        let kept_values: Vec<Array> = outs.drain(self.body.outputs.len()..).collect();

        let [carry, xs, linear_consts] = self.parts(&active);
        let linear_inputs = &program.graph.inputs[primals.len()..];
        let lengths = [carry, xs, linear_consts];
        let tangent_values = self.tangent_inputs(&active, primals, tangents);
        let (t_carry, t_rest) = tangent_values.split_at(carry);
        let (t_xs, t_consts) = t_rest.split_at(xs);
        let body_inputs: Vec<Value> = reordered(linear_inputs, &lengths, &[0, 1])
            .into_iter()
            .chain(kept.iter().copied())
            .chain(sliced.iter().map(|(v, _)| *v))
            .chain(reordered(linear_inputs, &lengths, &[2]))
            .chain(fixed.iter().copied())
            .collect();
        let ins: Vec<Array> = t_carry
            .iter()
            .chain(t_xs)
            .chain(&kept_values)
            .chain(sliced.iter().map(|(_, array)| array))
            .chain(t_consts)
            .chain(&fixed_values)
            .cloned()
            .collect();
        let residual_xs = kept.len() + sliced.len();
        let mut linear = vec![true; carry + xs];
        linear.resize(linear.len() + residual_xs, false);
        linear.resize(linear.len() + linear_consts, true);
        linear.resize(ins.len(), false);
        let op = Scan {
            body: program.graph.part(&body_inputs, program.tangent_outputs()).into(),
            carry,
            xs: xs + residual_xs,
            linear,
            ..self.clone()
        };
        let given = op.bind(&ins);
        (outs, Self::tangent_outputs(&program, &given))
    }

    /// A loop in the other direction, which carries the cotangents of the carry and adds up those
    /// of the constants.
    pub(super) fn transpose_linear(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        if self.linear.is_empty() {
            return Err("it is not known to be linear".into());
        }
        let avals = self.body.input_avals();
        let known_at = |range: std::ops::Range<usize>| -> Vec<usize> {
            range.filter(|&i| !self.linear[i]).collect()
        };
        let linear_at = |range: std::ops::Range<usize>| -> Vec<usize> {
            range.filter(|&i| self.linear[i]).collect()
        };
        let end = self.carry + self.xs;
        let (known_xs, known_consts) = (known_at(self.carry..end), known_at(end..avals.len()));
        let (linear_xs, linear_consts) = (linear_at(self.carry..end), linear_at(end..avals.len()));
        let known = |at: &[usize]| -> Result<Vec<Array>, String> {
            let arrays = at.iter().map(|&i| cx.known(i).cloned().ok_or("it is not linear"));
            Ok(arrays.collect::<Result<_, _>>()?)
        };
        let body_outs = self.body.output_avals();
        let given_ys: Vec<usize> =
            (self.carry..body_outs.len()).filter(|&i| cx.cts[i].is_some()).collect();

        let (nc, na) = (self.carry, linear_consts.len());
        let of = |at: &[usize], avals: &[Aval]| -> Vec<Aval> {
            at.iter().map(|&i| avals[i].clone()).collect()
        };
        let body_avals = [
            avals[..nc].to_vec(),
            of(&linear_consts, &avals),
            of(&given_ys, &body_outs),
            of(&known_xs, &avals),
            of(&known_consts, &avals),
        ]
        .concat();
        let (Closed { graph, .. }, ()) = trace("scan", &body_avals, |args| {
            let (ct_carry, rest) = args.split_at(nc);
            let (sums, rest) = rest.split_at(na);
            let (ct_ys, known_values) = rest.split_at(given_ys.len());
            let mut cts: Vec<Tangent> = ct_carry.iter().cloned().map(Some).collect();
            cts.resize(body_outs.len(), None);
            for (&i, ct) in given_ys.iter().zip(ct_ys) {
                cts[i] = Some(ct.clone());
            }
            let mut at = vec![None; avals.len()];
            for (&i, value) in known_xs.iter().chain(&known_consts).zip(known_values) {
                at[i] = Some(value.clone());
            }
            let mut result = transpose(&self.body, &lin_of(&avals, &at), &cts);
            let mut take = |i: usize| result[i].take();
            let or_zeros =
                |ct: Tangent, i: usize| ct.unwrap_or_else(|| Array::zeros_aval(&avals[i]));
            let mut outs: Vec<Array> = (0..nc).map(|i| or_zeros(take(i), i)).collect();
            for (&i, sum) in linear_consts.iter().zip(sums) {
                outs.extend(add_tangents(Some(sum.clone()), take(i)));
            }
            outs.extend(linear_xs.iter().map(|&i| or_zeros(take(i), i)));
            (outs, ())
        });

        let mut ins: Vec<Array> = (0..nc)
            .map(|i| cx.cts[i].clone().unwrap_or_else(|| Array::zeros_aval(&avals[i])))
            .collect();
        ins.extend(linear_consts.iter().map(|&i| Array::zeros_aval(&avals[i])));
        ins.extend(given_ys.iter().filter_map(|&i| cx.cts[i].clone()));
        let mut linear = vec![true; ins.len()];
        ins.extend(known(&known_xs)?);
        ins.extend(known(&known_consts)?);
        linear.resize(ins.len(), false);
        let op = Scan {
            body: graph.into(),
            carry: nc + na,
            xs: given_ys.len() + known_xs.len(),
            reverse: !self.reverse,
            linear,
            ..self.clone()
        };
        let outs = op.bind(&ins);
        let mut cotangents: Tangents = SmallVec::from_elem(None, avals.len());
        let places = (0..nc).chain(linear_consts).chain(linear_xs);
        for (i, ct) in places.zip(outs) {
            cotangents[i] = Some(ct);
        }
        Ok(cotangents)
    }
}
