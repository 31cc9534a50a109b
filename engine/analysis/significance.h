// SPDX-License-Identifier: MIT
//
// significance: how likely chance alone would have given such a growth. Pure.

#ifndef MS_ENGINE_ANALYSIS_SIGNIFICANCE_H
#define MS_ENGINE_ANALYSIS_SIGNIFICANCE_H

#include <stddef.h>

// ms_student_tail is the probability that Student's t with `freedom` degrees
// of freedom (1 and more) exceeds t.
double ms_student_tail(double t, unsigned freedom);

// ms_sign_tail is the probability of at least `ups` heads in `n` throws.
double ms_sign_tail(unsigned ups, unsigned n);

// What the steps of a series say of its growth.
struct ms_growth_fit {
    double mean;   // of the steps
    double fit;    // R^2 of a line through the points
    double chance; // that steps without a direction look like this, at most
    unsigned ups, downs;
};

// ms_growth_fit looks at n >= 3 points, oldest first, one step apart.
struct ms_growth_fit ms_growth_fit(const float *points, size_t n);

#endif
