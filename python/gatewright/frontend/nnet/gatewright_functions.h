#ifndef NNET_GATEWRIGHT_FUNCTIONS_H_
#define NNET_GATEWRIGHT_FUNCTIONS_H_

// Functions of the backend "Gatewright" for hls4ml's firmware. Each gives exactly what the hardware
// graph says: integers in, the exact result, one conversion to the output's type. Constants are
// integers in the layer's configuration.

#include "ap_fixed.h"
#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {
namespace gatewright {

// The number whose bits are those of an integer.
template <class T> T from_bits(long long value) {
    T number;
    number.range(T::width - 1, 0) = ap_int<T::width>(value).range(T::width - 1, 0);
    return number;
}

// The integer of a number, in units of its last bit; CONFIG_T::input_bits_t has its width and sign.
template <class CONFIG_T, class T> typename CONFIG_T::input_bits_t bits_of(T number) {
    typename CONFIG_T::input_bits_t bits;
    bits.range(T::width - 1, 0) = number.range(T::width - 1, 0);
    return bits;
}

// A table over every input there is, by the input's bits.
template <class x_T, class y_T, class CONFIG_T> struct table {
    static y_T apply(x_T x, unsigned) {
        ap_uint<x_T::width> index = x.range(x_T::width - 1, 0);
        return from_bits<y_T>(CONFIG_T::value(index.to_uint()));
    }
};

// x above the threshold, else slope * x.
template <class x_T, class y_T, class CONFIG_T> struct rectifier {
    static y_T apply(x_T x, unsigned channel) {
        y_T y;
        if (bits_of<CONFIG_T>(x) > CONFIG_T::threshold)
            y = x;
        else
            y = x * from_bits<typename CONFIG_T::slope_t>(CONFIG_T::slope(channel));
        return y;
    }
};

// x between two bounds; the constants are in units of exact_t's last bit, as is x shifted.
template <class x_T, class y_T, class CONFIG_T> struct clip {
    static y_T apply(x_T x, unsigned) {
        typename CONFIG_T::exact_bits_t bits = bits_of<CONFIG_T>(x);
        bits = bits << CONFIG_T::shift;
        if (CONFIG_T::has_low && bits < CONFIG_T::low)
            bits = CONFIG_T::low;
        if (CONFIG_T::has_high && bits > CONFIG_T::high)
            bits = CONFIG_T::high;
        typename CONFIG_T::exact_t exact;
        exact.range() = bits.range();
        y_T y = exact;
        return y;
    }
};

// scale * x + bias, channel by channel.
template <class x_T, class y_T, class CONFIG_T> struct scale {
    static y_T apply(x_T x, unsigned channel) {
        y_T y = x * from_bits<typename CONFIG_T::scale_t>(CONFIG_T::scale(channel)) +
                from_bits<typename CONFIG_T::bias_t>(CONFIG_T::bias(channel));
        return y;
    }
};

template <template <class, class, class> class F, class data_T, class res_T, typename CONFIG_T>
void elementwise(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_in]) {
    #pragma HLS PIPELINE

    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        #pragma HLS UNROLL
        res[i] = F<data_T, res_T, CONFIG_T>::apply(data[i], i % CONFIG_T::n_chan);
    }
}

// Elements of a stream, one after the other: behind a flattening the beats of the source may be
// shorter than those of the result.
template <class data_T> struct elements {
    hls::stream<data_T> &data;
    data_T beat;
    unsigned next;

    elements(hls::stream<data_T> &source) : data(source), next(data_T::size) {}

    typename data_T::value_type read() {
        if (next == data_T::size) {
            beat = data.read();
            next = 0;
        }
        return beat[next++];
    }
};

template <template <class, class, class> class F, class data_T, class res_T, typename CONFIG_T>
void elementwise(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    elements<data_T> source(data);
    for (unsigned i = 0; i < CONFIG_T::n_in / res_T::size; i++) {
        #pragma HLS PIPELINE

        res_T out_data;
        PRAGMA_DATA_PACK(out_data)

        for (unsigned j = 0; j < res_T::size; j++) {
            #pragma HLS UNROLL
            out_data[j] = F<typename data_T::value_type, typename res_T::value_type, CONFIG_T>::apply(
                source.read(), (i * res_T::size + j) % CONFIG_T::n_chan);
        }
        res.write(out_data);
    }
}

// One pixel: e(max - x) / sum, exact but for a sticky last bit, then converted.
template <class x_T, class y_T, class CONFIG_T>
void softmax_pixel(const x_T x[CONFIG_T::n_chan], y_T y[CONFIG_T::n_chan]) {
    typename CONFIG_T::input_bits_t most = bits_of<CONFIG_T>(x[0]);
    for (unsigned i = 1; i < CONFIG_T::n_chan; i++) {
        typename CONFIG_T::input_bits_t bits = bits_of<CONFIG_T>(x[i]);
        most = bits > most ? bits : most;
    }
    unsigned long long e[CONFIG_T::n_chan], sum = 0;
    for (unsigned i = 0; i < CONFIG_T::n_chan; i++) {
        ap_uint<CONFIG_T::input_width> below = most - bits_of<CONFIG_T>(x[i]);
        e[i] = CONFIG_T::value(below.to_uint());
        sum += e[i];
    }
    for (unsigned i = 0; i < CONFIG_T::n_chan; i++) {
        unsigned long long dividend = e[i] << (CONFIG_T::quotient_fraction - 1);
        unsigned long long bits = ((dividend / sum) << 1) | (dividend % sum != 0);
        ap_ufixed<64, 64 - CONFIG_T::quotient_fraction> quotient;
        quotient.range() = ap_uint<64>(bits).range();
        y[i] = quotient;
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void table_softmax(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_in]) {
    for (unsigned i = 0; i < CONFIG_T::n_in; i += CONFIG_T::n_chan)
        softmax_pixel<data_T, res_T, CONFIG_T>(&data[i], &res[i]);
}

template <class data_T, class res_T, typename CONFIG_T>
void table_softmax(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    static_assert(CONFIG_T::n_chan % res_T::size == 0, "a beat holds channels of one pixel");
    elements<data_T> source(data);
    for (unsigned i = 0; i < CONFIG_T::n_in / CONFIG_T::n_chan; i++) {
        typename data_T::value_type x[CONFIG_T::n_chan];
        typename res_T::value_type y[CONFIG_T::n_chan];
        for (unsigned j = 0; j < CONFIG_T::n_chan; j++)
            x[j] = source.read();
        softmax_pixel<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, y);
        for (unsigned j = 0; j < CONFIG_T::n_chan; j += res_T::size) {
            res_T out_data;
            PRAGMA_DATA_PACK(out_data)
            for (unsigned k = 0; k < res_T::size; k++)
                out_data[k] = y[j + k];
            res.write(out_data);
        }
    }
}

} // namespace gatewright
} // namespace nnet

#endif
