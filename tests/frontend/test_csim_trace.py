"""Every layer's values in the C simulation are those of the reference."""

from pathlib import Path

import numpy as np
import pytest

import image_networks
from gatewright import graph_io, reference
from gatewright.frontend import csim_trace
from gatewright.passes import inputs_of
from gatewright.vectors import Interface, read_vectors
from ladder import check_csim, write


@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_every_layer_is_that_of_the_reference(io: str, tmp_path: Path) -> None:
    write((1, 6, 6), image_networks.small_ds_cnn, tmp_path)
    check_csim(tmp_path, io)
    folder = tmp_path / io
    graph = graph_io.load(folder)
    interface = Interface.of(graph)
    vectors = read_vectors(tmp_path / "v.npz", interface)
    traced = csim_trace.trace(
        folder / "hls",
        vectors.inputs[:1],
        [node.out.size for node in inputs_of(graph)],
        interface.outputs,
    )
    expected = reference.evaluate(graph, vectors.integers(interface.inputs)[:1])
    shown = [node for node in graph.nodes if node.name in traced]
    assert {type(node).__name__ for node in shown} >= {"Conv", "Depthwise", "Elementwise", "Dense"}
    for node in shown:
        values = np.ldexp(traced[node.name].values, node.out.format.fraction)
        np.testing.assert_array_equal(values, expected[node.name][0], err_msg=node.name)
        assert traced[node.name].type.startswith(("ap_fixed<", "ap_ufixed<"))


def test_the_result_of_a_call_is_what_it_is_the_first_to_name() -> None:
    text = """
void net(hls::stream<input_t> &x, hls::stream<result_t> &layer9_out) {
    hls::stream<layer2_t> layer2_out("layer2_out");
    layer5_t layer5_out[4*2];
    nnet::dense<input_t, layer2_t, config2>(x, layer2_out, w2, b2); // Dense_fc1
    nnet::add<layer2_t, layer2_t, layer5_t, config5>(layer2_out, layer2_out, layer5_out); // sum
    nnet::relu<layer5_t, result_t, config9>(layer5_out, layer9_out); // relu
}
"""
    lines = csim_trace.instrumented(text).splitlines()
    assert [line.strip() for line in lines if "::save" in line] == [
        'gatewright_trace::save("Dense_fc1", "layer2_t", layer2_out, 0);',
        'gatewright_trace::save("sum", "layer5_t", layer5_out, 4*2);',
        'gatewright_trace::save("relu", "result_t", layer9_out, 0);',
    ]
