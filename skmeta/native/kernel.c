/* What learners do to every task's rows, and its derivative. The mathematics is that of skmeta/learners; here tasks are
 * worked on one by one, so that all that a task needs stays in the caches. Nothing is allocated: callers ask for the
 * sizes of the buffers and bring them.
 *
 *   gemm.inc           products of small matrices
 *   layers.inc         what a layer is, and what it is asked for
 *   linear.inc, normalisation.inc, activations.inc, mappings.inc
 *                      the layers
 *   network.inc        sweeps through a stack of layers
 *   losses.inc         losses at its end
 *
 * What is called from outside:
 *
 *   maml.inc           a few gradient steps, and the derivative of the answers with respect to their start
 *   class_means.inc    prototypes that are class means
 *   ridge.inc          ridge regression
 *   logistic.inc       logistic regression
 *   rows.inc           answers to many rows of one task
 *   adam.inc           the optimizer of the outer loop
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MAX_LAYERS 64
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES
#endif
#endif

/* A tile of a product is as large as the registers hold: 32 of 64 bytes, 16 of 32, 32 of 16 (NEON), or 16 of 16. */
#define TILE_ROWS 6
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define TILE_VECTORS 4
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define TILE_VECTORS 2
#elif defined(__ARM_NEON)
#define VECTOR_BYTES 16
#define TILE_VECTORS 4
#else
#define VECTOR_BYTES 16
#define TILE_VECTORS 2
#endif

enum kind { LINEAR, NORMALISATION, IDENTITY, RELU, LEAKY_RELU, TANH, SIGMOID, ELU, MAX_POOL, AVERAGE_POOL, FLATTEN };

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
    int64_t n_layers;
    int64_t image[3];          /* height, width and channels of a row; 1, 1 and columns where rows are no images */
    const description *layers; /* the first is LINEAR; images of the last have one pixel */
} stack;

enum loss { CROSS_ENTROPY, SQUARED_ERROR };
enum keep { KEEP_NOTHING, KEEP_LAST, KEEP_ALL };

/* An inner loop. The last layer is LINEAR, as the first is. */
typedef struct {
    stack net;
    int64_t n_support, n_query, steps, loss;
    int64_t keep;        /* for no derivative; for one of the first order and known rates; for any */
    int64_t first_order; /* whether second derivatives count as 0 */
    int64_t n_rates;     /* 0 if `rates` are; else a rate for each weight, the same for all steps (1), or not (`steps`) */
    const double *rates; /* one for each step */
} problem;

/* Prototypes from n support rows of C classes, for m query rows. */
typedef struct {
    stack net;
    int64_t n, m, C;
    int64_t has_map;    /* whether the last layer, then LINEAR and of rows, is the map that prototypes are taken through */
    int64_t adds_row;   /* whether the row is added to its embedding */
    int64_t has_offset; /* whether prototypes are moved from the means */
} class_means_problem;

/* What a product is added to: a matrix, or, along with what becomes of the sum, a number for each row. */
enum end { ADD, ADD_TO_ROWS, RECTIFY };

/* Images lie channels last. A pixel's channels have `row` entries, whole vectors but for the rows that come in. */
typedef struct {
    int64_t height, width, channels, row;
} image;

static int64_t pixels(const image *a) { return a->height * a->width; }
static int64_t size(const image *a) { return pixels(a) * a->row; }

#define REAL float
#define NAME(x) x##_float32
#define EXP expf
#define LOG logf
#define TANHF tanhf
#define SQRT sqrtf
#include "precision.inc"
#undef REAL
#undef NAME
#undef EXP
#undef LOG
#undef TANHF
#undef SQRT

#define IS_DOUBLE
#define REAL double
#define NAME(x) x##_float64
#define EXP exp
#define LOG log
#define TANHF tanh
#define SQRT sqrt
#include "precision.inc"
