/* A few gradient steps on every task's rows, and the derivative of what comes out with respect to their start.
 *
 * The mathematics is that of skmeta/learners/engine/unrolled.py, for stacks of linear layers and activations; here tasks
 * are worked on one by one, so that all that a task needs stays in the caches. Nothing is allocated: callers ask for the
 * sizes of the buffers and bring them.
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MAX_LAYERS 16
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

enum activation { IDENTITY, RELU, LEAKY_RELU, TANH, SIGMOID, ELU };
enum loss { CROSS_ENTROPY, SQUARED_ERROR };
enum keep { KEEP_NOTHING, KEEP_LAST, KEEP_ALL }; /* for no derivative, one of the first order, the true one */

typedef struct {
    int64_t n_layers, n_support, n_query, steps, loss;
    int64_t keep;                      /* what derivative will be asked for */
    int64_t sizes[MAX_LAYERS + 1];     /* columns of the rows, then of each layer's output */
    int64_t activations[MAX_LAYERS];   /* after each layer; the last is IDENTITY */
    int64_t biases[MAX_LAYERS];        /* whether a layer has one */
    double arguments[MAX_LAYERS];      /* the activations' own numbers */
    const double *rates;               /* one for each step */
} problem;

#define REAL float
#define NAME(x) x##_float32
#define EXP expf
#define TANHF tanhf
#include "gemm.inc"
#include "network.inc"
#include "maml.inc"
#undef REAL
#undef NAME
#undef EXP
#undef TANHF

#define REAL double
#define NAME(x) x##_float64
#define EXP exp
#define TANHF tanh
#include "gemm.inc"
#include "network.inc"
#include "maml.inc"
