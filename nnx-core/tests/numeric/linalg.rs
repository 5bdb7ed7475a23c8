//! Decompositions, equations, norms: values from JAX, properties, derivatives, batches.

use crate::check::*;
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, jvp, vmap};

#[test]
#[rustfmt::skip]
fn values_as_in_jax() {
    let a = Array::from_slice::<f64>(&[1.62, -0.61, -0.53, -1.07, 0.87, -2.3, 1.74, -0.76, 0.32], &[3, 3][..]);
    let b3 = Array::from_slice::<f64>(&[-0.25, 1.46, -2.06, -0.32, -0.38, 1.13, -1.1, -0.17, -0.88, 0.04, 0.58, -1.1, 1.14, 0.9, 0.5, 0.9, -0.68, -0.12, -0.94, -0.27, 0.53, -0.69, -0.4, -0.69, -0.85, -0.67, -0.01, -1.12, 0.23, 1.66, 0.74, -0.19], &[2, 4, 4][..]);
    let t = Array::from_slice::<f64>(&[-0.89, -0.75, 1.69, 0.05, -0.64, 0.19, 2.1, 0.12, 0.62, 0.3, -0.35, -1.14, -0.35, -0.21, 0.59], &[5, 3][..]);
    let v = Array::from_slice::<f64>(&[0.84, 0.93, 0.29], &[3][..]);
    let r = Array::from_slice::<f64>(&[0.89, -0.75, 1.25, 0.51, -0.3, 0.49], &[3, 2][..]);
    let spd = Array::from_slice::<f64>(&[5.4171, 0.856, -0.7410999999999999, 0.856, 1.1531, -1.0396, -0.7410999999999999, -1.0396, 4.924299999999999], &[3, 3][..]);
    let sing = Array::from_slice::<f64>(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 1.0, 1.0], &[3, 3][..]);
    let z = complex(&Array::from_slice::<f64>(&[1.0, 2.0, 0.0, 3.0], &[2, 2][..]), &Array::from_slice::<f64>(&[1.0, -1.0, 0.5, 0.0], &[2, 2][..]));
    let iz = Array::from_slice::<i32>(&[4, 2, 2, 3], &[2, 2][..]);
    let mut wrong = Wrong::default();
    wrong.check("jnp.linalg.cholesky(spd)", &linalg::cholesky(&spd), F64, &[3, 3], &[2.3274664336999575, 0.0, 0.0, 0.3677818883253335, 1.0088788245472555, 0.0, -0.318414903548954, -0.9143741974322979, 1.9967052301899624], 1e-10);
    wrong.check("jnp.linalg.cholesky(-spd)", &linalg::cholesky(&-&spd), F64, &[3, 3], &[NAN, 0.0, 0.0, NAN, NAN, 0.0, NAN, NAN, NAN], 1e-10);
    wrong.check("jnp.linalg.cholesky(z @ z.conj().T)", &linalg::cholesky(&z.matmul(z.conj().t())), C128, &[2, 2], &[2.6457513110645907, 0.0, 0.0, 0.0, 2.456769074559977, 1.3228756555322951, 1.2100767390069587, 0.0], 1e-10);
    let outs: Vec<Array> = { let (q, r) = linalg::qr(&t); vec![q, r] };
    wrong.check("[*jnp.linalg.qr(t)] [0]", &outs[0], F64, &[5, 3], &[-0.3823900474410593, -0.6040010469530586, -0.5088173867673739, 0.021482586934890975, -0.6421989347231857, 0.1955069550478391, 0.902268651265421, -0.20997374826874052, -0.35824076443411246, 0.12889552160934584, -0.3939079983292382, 0.7307723907822432, -0.1503781085442368, -0.15333224517446778, -0.20128876029031037], 1e-10);
    wrong.check("[*jnp.linalg.qr(t)] [1]", &outs[1], F64, &[3, 3], &[2.3274664336999575, 0.36778188832533343, -0.3184149035489541, 0.0, 1.0088788245472555, -0.9143741974322982, 0.0, 0.0, -1.9967052301899626], 1e-10);
    let outs: Vec<Array> = { let (q, r) = linalg::qr(&t.t()); vec![q, r] };
    wrong.check("[*jnp.linalg.qr(t.T)] [0]", &outs[0], F64, &[3, 3], &[-0.4337234028910635, 0.37566596451009476, 0.8189988357093657, -0.36549724962730057, -0.9041553164034378, 0.22116718638685465, 0.8235871358268505, -0.20341643721218586, 0.5294581973795719], 1e-10);
    wrong.check("[*jnp.linalg.qr(t.T)] [1]", &outs[1], F64, &[3, 5], &[2.051999025340899, 0.36871362542402075, -0.444054791813862, -0.9410823183403734, 0.7144740235714472, 0.0, 0.5587935776533898, 0.5542816964312313, 0.6610488885161234, -0.06162616908900088, 0.0, 0.0, 2.074701699731425, -0.4352912095353013, -0.020714365185570047], 1e-10);
    let outs: Vec<Array> = { let (q, r) = linalg::qr(&b3); vec![q, r] };
    wrong.check("[*jnp.linalg.qr(b3)] [0]", &outs[0], F64, &[2, 4, 4], &[-0.16553387669674757, -0.7226366869014826, 0.4110229126245808, 0.5305232508640882, -0.25161149257905624, -0.5671342219996692, -0.09337171697504638, -0.7786733291362311, -0.5826792459725514, -0.05647029890285142, -0.7454299404252177, 0.31879492714335605, 0.7548344777371686, -0.3911088062453989, -0.5164069051478631, 0.10287235397404207, -0.5517888446535368, 0.09690837841882148, 0.8234417905976343, 0.08989691098981498, 0.43007071715643314, -0.50034235744503, 0.270536523490364, 0.7010753832853133, -0.6897360558169211, -0.1607960369245501, -0.4979090780184361, 0.5004951127057153, 0.1866344621622257, 0.8452283277599866, -0.028985461561617448, 0.49991648752920087], 1e-10);
    wrong.check("[*jnp.linalg.qr(b3)] [1]", &outs[1], F64, &[2, 4, 4], &[1.5102648774304461, 0.13004341353296467, 0.6572357040367667, 1.4160429948146571, 0.0, -2.0501679713127636, 1.8841720427303374, 0.03777596072069589, 0.0, 0.0, -1.4345511293546436, 0.23955257968055482, 0.0, 0.0, 0.0, -0.2954822756044028, 1.2323554681990097, 0.5414022311071174, 0.49166008966996744, 0.589278027922645, 0.0, 1.8444195900478382, 0.7361199901759554, 0.3385691435450874, 0.0, 0.0, -0.8987200433333346, 0.15416592040764332, 0.0, 0.0, 0.0, -1.1635528392950654], 1e-10);
    wrong.check("jnp.abs(jnp.linalg.qr(t, mode=\"complete\")[0] @ jnp.linalg.qr(t, mode=\"complete\")[1])", &{ let (q, r) = linalg::qr_full(&t); q.matmul(r).abs() }, F64, &[5, 3], &[0.8899999999999999, 0.7500000000000001, 1.6900000000000002, 0.05, 0.6399999999999999, 0.1900000000000001, 2.1, 0.12, 0.6199999999999999, 0.3, 0.35000000000000003, 1.14, 0.3499999999999999, 0.21000000000000002, 0.5900000000000001], 1e-10);
    let outs: Vec<Array> = { let (p, l, u) = linalg::lu(&t); vec![p, l, u] };
    wrong.check("[*jsp.linalg.lu(t)] [0]", &outs[0], F64, &[5, 5], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 1e-10);
    wrong.check("[*jsp.linalg.lu(t)] [1]", &outs[1], F64, &[5, 3], &[1.0, 0.0, 0.0, -0.4238095238095238, 1.0, 0.0, 0.14285714285714285, 0.5251328156926849, 1.0, 0.023809523809523808, 0.9194932570494484, 0.7188514544166742, -0.16666666666666666, 0.27176134041683697, -0.07215879285712556], 1e-10);
    wrong.check("[*jsp.linalg.lu(t)] [2]", &outs[2], F64, &[3, 3], &[2.1, 0.12, 0.62, 0.0, -0.6991428571428572, 1.9527619047619047, 0.0, 0.0, -2.2540307859964583], 1e-10);
    let outs: Vec<Array> = { let (p, l, u) = linalg::lu(&t.t()); vec![p, l, u] };
    wrong.check("[*jsp.linalg.lu(t.T)] [0]", &outs[0], F64, &[3, 3], &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0], 1e-10);
    wrong.check("[*jsp.linalg.lu(t.T)] [1]", &outs[1], F64, &[3, 3], &[1.0, 0.0, 0.0, -0.44378698224852076, 1.0, 0.0, -0.5266272189349113, -0.27004578852092437, 1.0], 1e-10);
    wrong.check("[*jsp.linalg.lu(t.T)] [2]", &outs[2], F64, &[3, 5], &[1.69, 0.19, 0.62, -1.14, 0.59, 0.0, -0.555680473372781, 0.39514792899408285, -0.8559171597633136, 0.05183431952662723, 0.0, 0.0, 2.5332169098072623, -0.5314918539026727, -0.025292301139388795], 1e-10);
    let outs: Vec<Array> = { let (l, p) = linalg::lu_factor(&a); vec![l, p] };
    wrong.check("[*jsp.linalg.lu_factor(a)] [0]", &outs[0], F64, &[3, 3], &[1.74, -0.76, 0.32, -0.6149425287356322, 0.40264367816091956, -2.1032183908045976, 0.9310344827586207, 0.24236368826719956, -0.318187268055952], 1e-10);
    wrong.check("[*jsp.linalg.lu_factor(a)] [1]", &outs[1], I32, &[3], &[2.0, 1.0, 2.0], 1e-10);
    wrong.check("jsp.linalg.lu_solve(jsp.linalg.lu_factor(a), v)", &{ let (l, p) = linalg::lu_factor(&a); linalg::lu_solve(&l, &p, &v) }, F64, &[3], &[-0.6178618530248244, -2.1949695409156558, -0.9471788338521994], 1e-10);
    wrong.check("jnp.linalg.solve(a, v)", &linalg::solve(&a, &v), F64, &[3], &[-0.6178618530248244, -2.1949695409156558, -0.9471788338521994], 1e-10);
    wrong.check("jnp.linalg.solve(a, r)", &linalg::solve(&a, &r), F64, &[3, 2], &[-5.022716465849042, 10.409869819937018, -12.310243044652392, 25.04474659297871, -2.8633064479952632, 4.4088560124169], 1e-10);
    wrong.check("jnp.linalg.solve(b3, b3[0, :, :2])", &linalg::solve(&b3, &b3.slice([0.into(), (..).into(), (0..2).into()])), F64, &[2, 4, 2], &[1.0, 9.738798461624181e-17, 4.208861238184951e-18, 1.0, 4.036896071689435e-18, -7.388030098626161e-17, 2.2539529829920936e-17, -1.1860553793114868e-16, 0.30604743106866966, 0.6616141773237458, 0.6973897128899799, 1.1301518416274852, -0.08381984232192657, -1.8321044120734096, 0.13700604855228893, -1.197547089727558], 1e-10);
    wrong.check("jnp.linalg.solve(z, z.T)", &linalg::solve(&z, &z.t()), C128, &[2, 2], &[1.3658536585365855, 1.7073170731707317, -0.5853658536585367, 2.2682926829268295, 0.9512195121951219, -0.5609756097560976, 1.378048780487805, 0.0975609756097561], 1e-10);
    wrong.check("jsp.linalg.solve_triangular(a, v, lower=True)", &linalg::solve_triangular(&a, &v, true), F64, &[3], &[0.5185185185185185, 1.7066836951894422, 2.140179331630481], 1e-10);
    wrong.check("jsp.linalg.solve_triangular(a, r)", &linalg::solve_triangular(&a, &r, false), F64, &[3, 2], &[-0.14956275720164602, 1.7830304562225057, -1.0416666666666665, 4.634339080459769, -0.9375, 1.53125], 1e-10);
    wrong.check("lax.linalg.triangular_solve(a, r.T, left_side=False, lower=True, transpose_a=True, unit_diagonal=True)", &linalg::triangular_solve(&a, &r.t(), linalg::TriangularOptions { left_side: false, transpose_a: true, unit_diagonal: true, ..Default::default() }), F64, &[2, 3], &[0.89, 2.2023, -0.17485199999999984, -0.75, -0.29250000000000004, 1.5727], 1e-10);
    wrong.check("jsp.linalg.cho_solve(jsp.linalg.cho_factor(spd), v)", &linalg::cho_solve(&linalg::cho_factor(&spd), &v), F64, &[3], &[0.02947754473856676, 1.0396085378610813, 0.2828062555827493], 1e-10);
    wrong.check("jnp.linalg.inv(a)", &linalg::inv(&a), F64, &[3, 3], &[-6.5924404051641385, 2.682552641731188, 8.362117691389813, -16.416504427557623, 6.462350059662124, 19.258305595679207, -3.1428033123693493, 0.7617014022842071, 3.394460842806004], 1e-10);
    wrong.check("jnp.linalg.inv(b3)", &linalg::inv(&b3), F64, &[2, 4, 4], &[1.8478870969555803, -2.9252586851455487, 0.4505239106212982, 0.6551179958160781, -0.21946678388466298, 0.7894294366486886, 0.31964263830824996, 0.4617561505847333, -0.5863348120595278, 0.5051445060967246, 0.33946325222826085, 0.301841115142757, -1.795448643337112, 2.6352623944819364, -1.0788969541109281, -0.34815067591996396, -0.23226509787822006, 0.7981111161293724, -0.45778604512383697, 0.13018566756078892, 0.43768990668859664, 0.0007206943252431897, -0.19988518115102036, 0.553672889467389, -0.929491630090448, -0.40438188039835754, 0.48023359078837374, -0.041449389914162645, -0.0772607035571145, -0.6025299063427642, -0.4301438626619987, -0.4296465709559639], 1e-10);
    wrong.check("jnp.linalg.inv(iz.astype(float))", &linalg::inv(&iz.astype(DType::F64)), F64, &[2, 2], &[0.375, -0.25, -0.25, 0.5], 1e-10);
    wrong.check("jnp.linalg.det(a)", &linalg::det(&a), F64, &[], &[0.22292199999999937], 1e-10);
    wrong.check("jnp.linalg.det(b3)", &linalg::det(&b3), F64, &[2], &[1.3124719599999999, -2.37687455], 1e-10);
    wrong.check("jnp.linalg.det(sing)", &linalg::det(&sing), F64, &[], &[0.0], 1e-10);
    wrong.check("jnp.linalg.det(z)", &linalg::det(&z), C128, &[], &[2.5, 2.0], 1e-10);
    wrong.check("jax.grad(jnp.linalg.det)(sing)", &grad(|x: &Array| linalg::det(x), &sing), F64, &[3, 3], &[-2.0, -2.0, 2.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0], 1e-10);
    wrong.check("jax.grad(lambda x: jnp.linalg.det(x))(jnp.pad(sing, (0, 1)))", &grad(|x: &Array| linalg::det(x), &sing.pad(&[(0, 1), (0, 1)], 0.0)), F64, &[4, 4], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-10);
    let outs: Vec<Array> = { let (s, l) = linalg::slogdet(&b3); vec![s, l] };
    wrong.check("[*jnp.linalg.slogdet(b3)] [0]", &outs[0], F64, &[2], &[1.0, -1.0], 1e-10);
    wrong.check("[*jnp.linalg.slogdet(b3)] [1]", &outs[1], F64, &[2], &[0.2719123514459084, 0.8657864103761514], 1e-10);
    let outs: Vec<Array> = { let (s, l) = linalg::slogdet(&(&a * 0.0)); vec![s, l] };
    wrong.check("[*jnp.linalg.slogdet(0 * a)] [0]", &outs[0], F64, &[], &[0.0], 1e-10);
    wrong.check("[*jnp.linalg.slogdet(0 * a)] [1]", &outs[1], F64, &[], &[-INF], 1e-10);
    let outs: Vec<Array> = { let (s, l) = linalg::slogdet(&z); vec![s, l] };
    wrong.check("[*jnp.linalg.slogdet(z)] [0]", &outs[0], C128, &[], &[0.7808688094430304, 0.6246950475544243], 1e-10);
    wrong.check("[*jnp.linalg.slogdet(z)] [1]", &outs[1], F64, &[], &[1.1636388527922086], 1e-10);
    wrong.check("jnp.linalg.eigvalsh(b3)", &linalg::eigvalsh(&b3), F64, &[2, 4], &[-1.3760212728298287, 0.6046017266528387, 0.6787548639306129, 2.4526646822463767, -1.3386339113575, -1.0718177895330123, -0.07109194214901245, 0.9115436430395248], 1e-10);
    wrong.check("jnp.linalg.svdvals(t)", &linalg::svdvals(&t), F64, &[3], &[2.507225396323457, 2.1015571580510324, 0.8898192644999044], 1e-10);
    wrong.check("jnp.linalg.svdvals(b3)", &linalg::svdvals(&b3), F64, &[2, 4], &[3.024800317768356, 2.113663222531668, 1.0171417215895802, 0.20182551262732037, 2.285450247844065, 1.3343543463521248, 1.0374563706372821, 0.7512655469438316], 1e-10);
    wrong.check("jnp.linalg.svdvals(sing)", &linalg::svdvals(&sing), F64, &[3], &[8.472960541413288, 0.4570991836061832, 7.552141997027123e-16], 1e-10);
    wrong.check("jnp.linalg.pinv(t)", &linalg::pinv(&t, None), F64, &[3, 5], &[-0.07132449052374994, 0.11044351461334385, 0.4193991461932464, 0.11942246887148854, -0.04124022867409145, -0.36772745967503134, -0.725289961570371, -0.04551630231869092, -0.7221471883296923, -0.060615572388283634, 0.25482849399806795, -0.0979147808558797, 0.17941594934372454, -0.3659891203433762, 0.10081045376495563], 1e-10);
    wrong.check("jnp.linalg.pinv(sing)", &linalg::pinv(&sing, None), F64, &[3, 3], &[0.13333333333333297, 0.26666666666666716, -1.6666666666666667, -0.06666666666666632, -0.13333333333333355, 1.3333333333333326, 0.06666666666666653, 0.13333333333333333, -0.33333333333333254], 1e-10);
    wrong.check("jnp.linalg.pinv(t.T)", &linalg::pinv(&t.t(), None), F64, &[5, 3], &[-0.07132449052374973, -0.3677274596750315, 0.2548284939980681, 0.11044351461334395, -0.7252899615703713, -0.09791478085587968, 0.41939914619324625, -0.04551630231869086, 0.1794159493437246, 0.11942246887148864, -0.7221471883296927, -0.36598912034337616, -0.04124022867409141, -0.06061557238828363, 0.10081045376495568], 1e-10);
    wrong.check("[*jnp.linalg.lstsq(t, t[:, 0] ** 2)][0]", &linalg::lstsq(&t, &t.slice([(..).into(), 0.into()]).square(), None).x, F64, &[3], &[1.7990263087407454, -0.5662356935051823, 0.9722394595048586], 1e-10);
    wrong.check("[*jnp.linalg.lstsq(t, t ** 2)][1]", &linalg::lstsq(&t, &t.square(), None).residuals, F64, &[3], &[0.7336381891360083, 0.013656937225969914, 3.4918574973860093], 1e-10);
    wrong.check("[*jnp.linalg.lstsq(sing, v)][0]", &linalg::lstsq(&sing, &v, None).x, F64, &[3], &[-0.12333333333333307, 0.20666666666666644, 0.08333333333333347], 1e-10);
    wrong.check("[*jnp.linalg.lstsq(sing, v)][2]", &linalg::lstsq(&sing, &v, None).rank, Ints, &[], &[2.0], 1e-10);
    wrong.check("jnp.linalg.matrix_rank(sing)", &linalg::matrix_rank(&sing, None), Ints, &[], &[2.0], 1e-10);
    wrong.check("jnp.linalg.matrix_rank(b3)", &linalg::matrix_rank(&b3, None), Ints, &[2], &[4.0, 4.0], 1e-10);
    wrong.check("jnp.linalg.cond(t)", &linalg::cond(&t), F64, &[], &[2.8176793831639126], 1e-10);
    wrong.check("jnp.linalg.matrix_power(a, 5)", &linalg::matrix_power(&a, 5), F64, &[3, 3], &[37.3069426777, -17.648469998299998, 9.299537062999999, -117.2238726305, 55.455966753, -29.19828712309999, 68.7575564468, -32.5275641826, 17.135003679399997], 1e-10);
    wrong.check("jnp.linalg.matrix_power(b3, -3)", &linalg::matrix_power(&b3, -3), F64, &[2, 4, 4], &[6.900816297111493, -13.144772472377657, -0.6349378610505008, -1.0633855381331152, -3.6704867292702863, 7.046481307316414, -0.12273408883082561, 0.04978489315522541, -3.7932378884374987, 7.530798512422868, 0.1721736686286791, 0.11367059146581032, -5.8948122447174045, 11.942051531097082, 0.878917247202007, 1.0519879439252056, 0.05254359939885625, 0.5606696253737609, -0.6783768917984481, -0.08401432696243769, 0.542851507448416, 0.35330155766983845, -0.2210593579271956, 0.15503714241155842, -0.9797537330374155, -0.41946114069520657, 0.8789734327988807, -0.43942092684956413, 0.005090236614618713, 0.1805943658051854, -0.03468870680774448, 0.2847589958967483], 1e-9);
    wrong.check("jnp.linalg.matrix_power(a, 0)", &linalg::matrix_power(&a, 0), F64, &[3, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 1e-10);
    wrong.check("jnp.linalg.multi_dot([v, a, a, r])", &linalg::multi_dot(&[&v, &a, &a, &r]), F64, &[2], &[-0.45964238999999973, 2.2812053400000005], 1e-10);
    wrong.check("jsp.linalg.expm(a)", &linalg::expm(&a), F64, &[3, 3], &[5.860926084756138, -2.1467141495093767, 0.17735264058317374, -10.918519938245412, 6.5255944241829456, -4.997624802711317, 7.650414014603667, -3.548481683658814, 2.731995931058905], 1e-10);
    wrong.check("jsp.linalg.expm(b3 * 4)", &linalg::expm(&(&b3 * 4.0)), F64, &[2, 4, 4], &[1869.8728697713611, 3979.882350228715, -4113.590136532277, 2325.4847381619143, 939.6055842873247, 2009.9803776147128, -2072.4265422958547, 1171.8745771214572, -1870.4112407037803, -3987.65183841735, 4118.930384218042, -2327.7255754192406, 1456.9208760725232, 3120.279519971799, -3216.853756311531, 1817.91964610929, 7.966580401604975, 6.8836432228226165, -9.1178489712617, 3.2223968555428764, 5.868119166309048, 5.112685427838548, -6.709046552796769, 2.418715911671898, -13.993454315929561, -12.023227356362947, 16.106341817898628, -5.661526302161775, 1.1482183206422427, 0.944444270795742, -1.3646211785472917, 0.523385332530641], 1e-9);
    wrong.check("jsp.linalg.expm(0 * a)", &linalg::expm(&(&a * 0.0)), F64, &[3, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 1e-10);
    wrong.check("jnp.linalg.norm(b3)", &linalg::norm(&b3, ..), F64, &[], &[4.8308177361602045], 1e-10);
    wrong.check("jnp.linalg.norm(z, axis=1)", &linalg::norm(&z, 1), F64, &[2], &[2.6457513110645907, 3.0413812651491097], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=1, axis=0)", &linalg::vector_norm(&t, 1, 0), F64, &[3], &[3.69, 2.0700000000000003, 4.2299999999999995], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=2, axis=0)", &linalg::vector_norm(&t, 2, 0), F64, &[3], &[2.3274664336999575, 1.0738249391777042, 2.219076384444663], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=3, axis=0)", &linalg::vector_norm(&t, 3, 0), F64, &[3], &[2.1570146945394417, 0.9036408073858518, 1.8907135963308968], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=0.5, axis=0)", &linalg::vector_norm(&t, 0.5, 0), F64, &[3], &[14.10357836548058, 9.377688107316526, 19.00186685944249], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=0, axis=0)", &linalg::vector_norm(&t, 0, 0), F64, &[3], &[5.0, 5.0, 5.0], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=inf, axis=0)", &linalg::vector_norm(&t, INF, 0), F64, &[3], &[2.1, 0.75, 1.69], 1e-10);
    wrong.check("jnp.linalg.vector_norm(t, ord=-inf, axis=0)", &linalg::vector_norm(&t, -INF, 0), F64, &[3], &[0.05, 0.12, 0.19], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=1)", &linalg::matrix_norm(&b3, 1), F64, &[2], &[4.24, 3.1399999999999997], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=-1)", &linalg::matrix_norm(&b3, -1), F64, &[2], &[2.49, 2.09], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=2)", &linalg::matrix_norm(&b3, 2), F64, &[2], &[3.024800317768356, 2.285450247844065], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=-2)", &linalg::matrix_norm(&b3, -2), F64, &[2], &[0.20182551262732037, 0.7512655469438316], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=inf)", &linalg::matrix_norm(&b3, INF), F64, &[2], &[4.09, 2.82], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=-inf)", &linalg::matrix_norm(&b3, -INF), F64, &[2], &[2.6, 2.01], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=\"fro\")", &linalg::matrix_norm(&b3, linalg::Ord::Frobenius), F64, &[2], &[3.8330536129827353, 2.940153057240388], 1e-10);
    wrong.check("jnp.linalg.matrix_norm(b3, ord=\"nuc\")", &linalg::matrix_norm(&b3, linalg::Ord::Nuclear), F64, &[2], &[6.357430774516925, 5.408526511777303], 1e-10);
    wrong.none();
}

/// Largest element of |a − b|, relative to the largest of |b|.
fn distance(a: &Array, b: &Array) -> f64 {
    let scale = b.abs().max(..).maximum(1e-300);
    ((a - b).abs().max(..) / scale).astype(DType::F64).item()
}

fn orthonormal(q: &Array) -> f64 {
    let n = q.shape()[q.rank() - 1];
    distance(&q.mt().matmul(q), &eye(n, q.dtype()))
}

#[test]
fn decompositions_multiply_back() {
    let mut rng = Rng(5);
    for (dtype, shapes) in [(DType::F64, &[[3, 7], [40, 30]][..]), (DType::F32, &[[7, 3]])] {
        let eps = finfo(dtype).eps;
        for &shape in shapes {
            let x = rng.array(&shape, -1.0, 1.0).astype(dtype);
            let bound = 30.0 * eps * (shape[0].max(shape[1]) as f64);
            let (q, r) = linalg::qr(&x);
            assert!(distance(&q.matmul(r), &x) < bound, "{dtype} qr {shape:?}");
            assert!(orthonormal(&q) < bound, "{dtype} q {shape:?}");
            let (p, l, u) = linalg::lu(&x);
            assert!(distance(&p.matmul(l.matmul(&u)), &x) < bound, "{dtype} lu {shape:?}");
            assert!(l.abs().max(..).astype(DType::F64).item::<f64>() <= 1.0, "{shape:?}");
            let (u, s, vt) = linalg::svd(&x);
            assert!(distance(&(&u * &s).matmul(&vt), &x) < bound, "{dtype} svd {shape:?}");
            assert!(orthonormal(&u) < bound && orthonormal(&vt.t()) < bound, "{dtype} {shape:?}");
            let (u, _, vt) = linalg::svd_full(&x);
            assert_eq!((u.shape(), vt.shape()), (&[shape[0]; 2][..], &[shape[1]; 2][..]));
            assert!(orthonormal(&u) < bound && orthonormal(&vt.t()) < bound, "{dtype} {shape:?}");
            let gram = x.t().matmul(&x);
            let (w, v) = linalg::eigh(&gram);
            assert!(distance(&(&v * &w).matmul(v.t()), &gram) < bound, "{dtype} eigh {shape:?}");
            assert!(orthonormal(&v) < bound, "{dtype} eigh {shape:?}");
            let spd = &gram + eye(shape[1], dtype) * 0.1;
            let l = linalg::cholesky(&spd);
            assert!(distance(&l.matmul(l.t()), &spd) < bound, "{dtype} cholesky {shape:?}");
            let inverse = linalg::inv(&spd);
            let bound = bound * 1e3;
            assert!(distance(&spd.matmul(inverse), &eye(shape[1], dtype)) < bound, "{shape:?}");
        }
    }
}

#[test]
fn singular_values_of_hard_matrices() {
    // Graded: small singular values keep their relative precision.
    let d = f64s(&[1.0, 1e-5, 1e-10, 1e-14], &[4]).diag(0);
    let (q, _) = linalg::qr(&Rng(3).array(&[4, 4], -1.0, 1.0));
    let s = linalg::svdvals(&q.matmul(&d)).to_vec::<f64>();
    for (s, want) in s.iter().zip([1.0, 1e-5, 1e-10, 1e-14]) {
        assert!((s / want - 1.0).abs() < 1e-12, "{s} {want}");
    }
    for x in [zeros([3, 3], DType::F64), ones([5, 3], DType::F64), eye(4, DType::F64)] {
        let (u, s, vt) = linalg::svd(&x);
        assert!(distance(&(&u * s).matmul(&vt), &x) < 1e-14);
        assert!(orthonormal(&u) < 1e-14 && orthonormal(&vt.t()) < 1e-14);
    }
    let large = Rng(4).array(&[3, 2], -1e200, 1e200);
    assert!(linalg::svdvals(&large).is_finite().all(..).item::<bool>());
    for empty in [[0, 3], [3, 0]] {
        let (u, s, vt) = linalg::svd(&zeros(empty, DType::F64));
        assert_eq!((u.shape()[0], s.size(), vt.shape()[1]), (empty[0], 0, empty[1]));
    }
    assert_eq!(linalg::det(&zeros([2, 0, 0], DType::F64)).to_vec::<f64>(), [1.0, 1.0]);
    assert_eq!(linalg::solve(&eye(2, DType::F64), &zeros([2, 0], DType::F64)).shape(), [2, 0]);
}

#[test]
fn a_lu_of_many_blocks() {
    let mut rng = Rng(8);
    let a = rng.array(&[150, 150], -1.0, 1.0);
    let x = rng.array(&[150, 2], -1.0, 1.0);
    assert!(distance(&linalg::solve(&a, &a.matmul(&x)), &x) < 1e-9);
    let tall = rng.array(&[2, 140, 70], -1.0, 1.0);
    let (p, l, u) = linalg::lu(&tall);
    assert!(distance(&p.matmul(l.matmul(u)), &tall) < 1e-12);
}

#[test]
fn derivatives_are_the_slopes() {
    let mut rng = Rng(21);
    let (a, b) = (rng.array(&[3, 3], -1.0, 1.0), rng.array(&[3, 2], -1.0, 1.0));
    let tall = rng.array(&[4, 2], -1.0, 1.0);
    let args = [a + eye(3, DType::F64) * 2.0, b, tall];
    fn spd(x: &Array) -> Array {
        x.matmul(x.t()) + eye(3, DType::F64)
    }
    let table: &[(&str, Function)] = &[
        ("solve", &|a| linalg::solve(&a[0], &a[1])),
        ("solve vector", &|a| linalg::solve(&a[0], &a[1].slice([(..).into(), 0.into()]))),
        ("inv", &|a| linalg::inv(&a[0])),
        ("det", &|a| linalg::det(&a[0])),
        ("slogdet", &|a| linalg::slogdet(&a[0]).1),
        ("cholesky", &|a| linalg::cholesky(&spd(&a[0]))),
        ("cho_solve", &|a| linalg::cho_solve(&linalg::cholesky(&spd(&a[0])), &a[1])),
        ("triangular", &|a| linalg::solve_triangular(&a[0], &a[1], true)),
        ("triangular right", &|a| {
            linalg::triangular_solve(
                &a[0],
                &a[1].t(),
                linalg::TriangularOptions {
                    left_side: false,
                    lower: false,
                    transpose_a: true,
                    ..Default::default()
                },
            )
        }),
        ("unit triangular", &|a| {
            linalg::triangular_solve(
                &a[0],
                &a[1],
                linalg::TriangularOptions {
                    unit_diagonal: true,
                    lower: false,
                    ..Default::default()
                },
            )
        }),
        ("lu_solve", &|a| {
            let (l, p) = linalg::lu_factor(&a[0]);
            linalg::lu_solve(&l, &p, &a[1])
        }),
        ("norm", &|a| linalg::norm(&a[1], 0)),
        ("vector_norm", &|a| linalg::vector_norm(&a[1], 3, ..)),
    ];
    check_table(check_grad2, table, &args);
    let table: &[(&str, Function)] = &[
        ("qr q", &|a| linalg::qr(&a[2]).0),
        ("qr r", &|a| linalg::qr(&a[2]).1),
        ("lu", &|a| linalg::lu(&a[0]).1.matmul(&a[1])),
        ("lu tall", &|a| linalg::lu(&a[2]).2),
        ("lu wide", &|a| linalg::lu(&a[2].t()).2),
        ("eigh values", &|a| linalg::eigh(&spd(&a[0])).0),
        ("eigh function", &|a| {
            let (w, v) = linalg::eigh(&spd(&a[0]));
            (&v * w.log()).matmul(v.t())
        }),
        ("svd values", &|a| linalg::svd(&a[2]).1),
        ("svd function", &|a| {
            let (u, s, vt) = linalg::svd(&a[2]);
            (u * s.square()).matmul(vt)
        }),
        ("svd wide", &|a| {
            let (u, s, vt) = linalg::svd(&a[2].t());
            (u * s.sqrt()).matmul(vt)
        }),
        ("svd full", &|a| {
            let (u, s, vt) = linalg::svd_full(&a[0]);
            (u * s.square()).matmul(vt)
        }),
        ("pinv", &|a| linalg::pinv(&a[2], None)),
        ("lstsq", &|a| linalg::lstsq(&a[2], &a[2].square().sum(1), None).x),
        ("expm", &|a| linalg::expm(&a[0])),
        ("matrix_power", &|a| linalg::matrix_power(&a[0], -2)),
        ("multi_dot", &|a| linalg::multi_dot(&[&a[0], &a[0], &a[1]])),
        ("nuclear", &|a| linalg::matrix_norm(&a[0], linalg::Ord::Nuclear)),
    ];
    check_table(check_grad, table, &args);
}

#[test]
fn batches_are_loops() {
    let mut rng = Rng(30);
    let x = rng.array(&[3, 4, 4], -1.0, 1.0);
    let b = rng.array(&[3, 4, 2], -1.0, 1.0);
    type F = fn(&Array, &Array) -> Array;
    let table: &[(&str, F)] = &[
        ("solve", |x, b| linalg::solve(x, b)),
        ("solve shared", |x, _| linalg::solve(&(eye(4, DType::F64) * 2.0), x)),
        ("inv", |x, _| linalg::inv(x)),
        ("det", |x, _| linalg::det(x)),
        ("slogdet", |x, _| linalg::slogdet(x).1),
        ("cholesky", |x, _| linalg::cholesky(&(x.matmul(x.t()) + eye(4, DType::F64)))),
        ("triangular", |x, b| linalg::solve_triangular(x, b, true)),
        ("qr", |x, _| linalg::qr(x).1),
        ("lu", |x, _| linalg::lu(x).2),
        ("eigh", |x, _| linalg::eigvalsh(x)),
        ("svd", |x, _| linalg::svdvals(x)),
        ("gradient of solve", |x, b| grad(|x: &Array| linalg::solve(x, b).square().sum(..), x)),
        ("gradient of svd", |x, _| grad(|x: &Array| linalg::svdvals(x).sum(..), x)),
        ("jvp of det", |x, b| jvp(|x: &Array| linalg::det(x), x, &b.matmul(b.t())).1),
    ];
    for (name, f) in table {
        let all = vmap(|(x, b): (&Array, &Array)| f(x, b), (&x, &b), 0);
        let one = |i: usize| f(&x.slice([i.into()]), &b.slice([i.into()]));
        let each: Vec<Array> = (0..3).map(one).collect();
        let each = stack(&each.iter().collect::<Vec<_>>(), 0);
        close(&all.to_vec::<f64>(), &each.to_vec::<f64>(), 1e-10);
        assert_eq!(all.shape(), each.shape(), "{name}");
    }
}

#[test]
fn mistakes_name_shapes_and_rules() {
    let (a, v) = (zeros([2, 3], DType::F32), zeros([4], DType::F32));
    let z = zeros([2, 2], DType::C64);
    refused(&[
        ("cholesky", &|| linalg::cholesky(&a), &["cholesky", "f32[2, 3]", "square"]),
        ("solve", &|| linalg::solve(&eye(3, DType::F32), &v), &["f32[3, 3]", "rows"]),
        ("solve scalar", &|| linalg::solve(&a, &v), &["f32[2, 3]", "square"]),
        ("inv", &|| linalg::inv(&a), &["inv", "f32[2, 3]", "square"]),
        ("det", &|| linalg::det(&v), &["det", "f32[4]"]),
        ("qr", &|| linalg::qr(&v).0, &["qr", "f32[4]", "matrix"]),
        ("svd", &|| linalg::svd(&z).1, &["svd", "c64[2, 2]", "real"]),
        ("eigh", &|| linalg::eigvalsh(&z), &["eigh", "c64[2, 2]", "real"]),
        ("multi_dot", &|| linalg::multi_dot(&[&a, &a]), &["multi_dot", "f32[2, 3]", "rows"]),
        ("lstsq", &|| linalg::lstsq(&a, &v, None).x, &["lstsq", "f32[2, 3]", "f32[4]"]),
        ("matrix_norm", &|| linalg::matrix_norm(&a, 3), &["matrix_norm", "3-norm"]),
        (
            "vector_norm",
            &|| linalg::vector_norm(&a, linalg::Ord::Nuclear, 0),
            &["vector_norm", "Nuclear"],
        ),
        ("qr gradient", &|| grad(|x: &Array| linalg::qr(x).0.sum(..), &a), &["qr", "f32[2, 3]"]),
    ]);
}
