/* A few gradient steps on every task's rows, and the derivative of what comes out with respect to their start.
 *
 * The mathematics is that of skmeta/learners/engine/unrolled.py, for stacks of the layers named below; here tasks are
 * worked on one by one, so that all that a task needs stays in the caches. Nothing is allocated: callers ask for the
 * sizes of the buffers and bring them.
 *
 *   gemm.inc           products of small matrices
 *   layers.inc         what a layer is, and what it is asked for
 *   linear.inc, normalisation.inc, activations.inc, mappings.inc
 *                      the layers
 *   network.inc        sweeps through a stack of layers, and losses at its end
 *   maml.inc           adaptation and its derivative: what is called from outside
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MAX_LAYERS 64
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
#define TILE_ROWS 6
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES
#endif
#endif
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define TILE_VECTORS 4
#else
#define VECTOR_BYTES 32
#define TILE_VECTORS 2
#endif

enum kind { LINEAR, NORMALISATION, IDENTITY, RELU, LEAKY_RELU, TANH, SIGMOID, ELU, MAX_POOL, AVERAGE_POOL, FLATTEN };
enum loss { CROSS_ENTROPY, SQUARED_ERROR };
enum keep { KEEP_NOTHING, KEEP_LAST, KEEP_ALL }; /* for no derivative, one of the first order, the true one */

/* A layer as callers describe it. A linear layer is a convolution of images of one pixel. */
typedef struct {
    int64_t kind;
    int64_t inputs, outputs;                  /* channels; LINEAR has both, NORMALISATION the first, or 0 */
    int64_t window[2], stride[2], padding[2]; /* LINEAR and the pools; a window of 0 is the whole image */
    int64_t by_image; /* NORMALISATION: whether by the statistics of each image, or by those of all */
    int64_t groups;   /* and of so many groups of channels; 0 for each channel by itself */
    int64_t has_weight, has_bias;
    double argument; /* an activation's own number, or what is added to a variance */
} description;

typedef struct {
    int64_t n_layers, n_support, n_query, steps, loss;
    int64_t keep;              /* what derivative will be asked for */
    int64_t image[3];          /* height, width and channels of a row; 1, 1 and columns where rows are no images */
    const description *layers; /* the first is LINEAR, and so is the last, whose images have one pixel */
    const double *rates;       /* one for each step */
} problem;

/* Images lie channels last. A pixel's channels have `row` entries, whole vectors but for the rows that come in. */
typedef struct {
    long height, width, channels, row;
} image;

static long pixels(const image *a) { return a->height * a->width; }
static long size(const image *a) { return pixels(a) * a->row; }

#define REAL float
#define NAME(x) x##_float32
#define EXP expf
#define TANHF tanhf
#define SQRT sqrtf
#include "maml.inc"
#undef REAL
#undef NAME
#undef EXP
#undef TANHF
#undef SQRT

#define REAL double
#define NAME(x) x##_float64
#define EXP exp
#define TANHF tanh
#define SQRT sqrt
#include "maml.inc"
