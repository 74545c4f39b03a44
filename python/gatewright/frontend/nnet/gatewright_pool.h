// Pooling that is exact: hls4ml's own truncates averages, and pads a maximum with a value that may
// be the largest.
//
//   res = maximum of the window's pixels inside the image, or
//   res = (sum of the window's pixels inside the image) / count, rounded as res' type says
//
// count is all taps (count_padding), or the taps inside the image. The quotient is rounded once: it
// is cut to a grid finer than half of res' lowest bit, and one more bit says whether anything was
// cut off, which keeps it on its side of every tie.

#ifndef GATEWRIGHT_POOL_H_
#define GATEWRIGHT_POOL_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

struct gatewright_pool_config {
    static const unsigned in_height = 1;
    static const unsigned in_width = 1;
    static const unsigned n_filt = 1;
    static const unsigned out_height = 1;
    static const unsigned out_width = 1;
    static const unsigned pool_height = 1;
    static const unsigned pool_width = 1;
    static const unsigned stride_height = 1;
    static const unsigned stride_width = 1;
    static const unsigned dilation_height = 1;
    static const unsigned dilation_width = 1;
    static const unsigned pad_top = 0;
    static const unsigned pad_left = 0;
    static const bool average = false;
    static const bool count_padding = true;
    static const int data_width = 1;    // bits of an input element
    static const int data_fraction = 0; // fraction bits of an input element
    static const int grid_fraction = 1; // fraction bits of the grid
    static const int guard = 1;         // bits that a sum of all taps needs more
};

template <class data_T, class res_T, typename CONFIG_T>
res_T gatewright_pool_one(const data_T *image, int row, int column, unsigned channel) {
    const int shift = CONFIG_T::grid_fraction - CONFIG_T::data_fraction;
    const int wide = CONFIG_T::data_width + CONFIG_T::guard + shift + 2;
    data_T largest = 0;
    ap_fixed<CONFIG_T::data_width + CONFIG_T::guard + 1, CONFIG_T::data_width + CONFIG_T::guard + 1 -
                                                             CONFIG_T::data_fraction>
        sum = 0;
    int inside = 0;
    for (unsigned i = 0; i < CONFIG_T::pool_height; i++) {
        for (unsigned j = 0; j < CONFIG_T::pool_width; j++) {
            const int y = row + int(i * CONFIG_T::dilation_height);
            const int x = column + int(j * CONFIG_T::dilation_width);
            if (y < 0 || x < 0 || y >= int(CONFIG_T::in_height) || x >= int(CONFIG_T::in_width))
                continue;
            const data_T value = image[(y * CONFIG_T::in_width + x) * CONFIG_T::n_filt + channel];
            if (inside == 0 || value > largest)
                largest = value;
            sum += value;
            inside++;
        }
    }
    if (!CONFIG_T::average)
        return res_T(largest);
    const int count = CONFIG_T::count_padding ? CONFIG_T::pool_height * CONFIG_T::pool_width : inside;
    ap_int<wide> numerator = 0;
    numerator.range(CONFIG_T::data_width + CONFIG_T::guard, 0) =
        sum.range(CONFIG_T::data_width + CONFIG_T::guard, 0);
    if (sum < 0) // extend the sign
        numerator -= ap_int<wide>(1) << (CONFIG_T::data_width + CONFIG_T::guard + 1);
    numerator <<= shift;
    ap_int<wide> quotient = numerator / count;
    ap_int<wide> rest = numerator - quotient * count;
    if (rest < 0)
        quotient -= 1; // towards minus infinity
    ap_int<wide + 1> marked = quotient;
    marked <<= 1;
    if (rest != 0)
        marked += 1;
    ap_fixed<wide + 1, wide + 1 - (CONFIG_T::grid_fraction + 1)> exact = 0;
    exact.range(wide, 0) = marked.range(wide, 0);
    return res_T(exact);
}

template <class data_T, class res_T, typename CONFIG_T>
void gatewright_pool(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_filt],
                     res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_filt]) {
    #pragma HLS PIPELINE
    for (unsigned i = 0; i < CONFIG_T::out_height; i++) {
        for (unsigned j = 0; j < CONFIG_T::out_width; j++) {
            for (unsigned k = 0; k < CONFIG_T::n_filt; k++) {
                res[(i * CONFIG_T::out_width + j) * CONFIG_T::n_filt + k] =
                    gatewright_pool_one<data_T, res_T, CONFIG_T>(
                        data, int(i * CONFIG_T::stride_height) - int(CONFIG_T::pad_top),
                        int(j * CONFIG_T::stride_width) - int(CONFIG_T::pad_left), k);
            }
        }
    }
}

// The whole image is read before the first pixel is written.
template <class data_T, class res_T, typename CONFIG_T>
void gatewright_pool(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    static typename data_T::value_type
        image[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_filt];
    for (unsigned i = 0; i < CONFIG_T::in_height * CONFIG_T::in_width; i++) {
        data_T pixel = data.read();
        for (unsigned k = 0; k < CONFIG_T::n_filt; k++)
            image[i * CONFIG_T::n_filt + k] = pixel[k];
    }
    for (unsigned i = 0; i < CONFIG_T::out_height; i++) {
        for (unsigned j = 0; j < CONFIG_T::out_width; j++) {
            #pragma HLS PIPELINE
            res_T pixel;
            PRAGMA_DATA_PACK(pixel)
            for (unsigned k = 0; k < CONFIG_T::n_filt; k++) {
                pixel[k] = gatewright_pool_one<typename data_T::value_type,
                                               typename res_T::value_type, CONFIG_T>(
                    image, int(i * CONFIG_T::stride_height) - int(CONFIG_T::pad_top),
                    int(j * CONFIG_T::stride_width) - int(CONFIG_T::pad_left), k);
            }
            res.write(pixel);
        }
    }
}

} // namespace nnet

#endif
