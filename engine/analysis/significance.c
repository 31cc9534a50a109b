// SPDX-License-Identifier: MIT
// See significance.h for the contract.

#include "analysis/significance.h"

#include <math.h>

// The finite sums for whole degrees of freedom (Abramowitz and Stegun 26.7.3
// and 26.7.4).
double ms_student_tail(double t, unsigned freedom)
{
    double angle = atan(t / sqrt(freedom));
    double c = cos(angle), sum = 0, term;
    double inside;

    if (freedom % 2 == 1) {
        term = c;
        for (unsigned k = 1; k + 2 <= freedom; k += 2) {
            sum += term;
            term *= c * c * (k + 1) / (k + 2);
        }
        inside = 2 / M_PI * (angle + sin(angle) * sum);
    } else {
        term = 1;
        for (unsigned k = 0; k + 2 <= freedom; k += 2) {
            sum += term;
            term *= c * c * (k + 1) / (k + 2);
        }
        inside = sin(angle) * sum;
    }
    double tail = (1 - inside) / 2;
    return tail > 0 ? tail : 0;
}

double ms_sign_tail(unsigned ups, unsigned n)
{
    double ways = 1, sum = 0; // n over k

    for (unsigned k = 0; k <= n; k++) {
        if (k >= ups)
            sum += ways;
        ways = ways * (n - k) / (k + 1);
    }
    return ldexp(sum, -(int)n);
}

static double line_fit(const float *points, size_t n)
{
    double mx = (double)(n - 1) / 2, my = 0, sxx = 0, sxy = 0, syy = 0;

    for (size_t i = 0; i < n; i++)
        my += (double)points[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (double)i - mx, y = (double)points[i] - my;
        sxx += x * x;
        sxy += x * y;
        syy += y * y;
    }
    return syy > 0 ? sxy * sxy / (sxx * syy) : 0;
}

struct ms_growth_fit ms_growth_fit(const float *points, size_t n)
{
    struct ms_growth_fit out = {0};
    size_t steps = n - 1;
    double squares = 0;

    out.mean = ((double)points[n - 1] - (double)points[0]) / (double)steps;
    for (size_t i = 1; i < n; i++) {
        double step = (double)points[i] - (double)points[i - 1];
        squares += (step - out.mean) * (step - out.mean);
        out.ups += step > 0;
        out.downs += step < 0;
    }
    out.fit = line_fit(points, n);
    double deviation = sqrt(squares / (double)(steps - 1));
    double t = deviation > 0  ? out.mean / (deviation / sqrt((double)steps))
               : out.mean > 0 ? HUGE_VAL
                              : 0;
    double by_size = ms_student_tail(t, (unsigned)steps - 1);
    double by_sign = ms_sign_tail(out.ups, out.ups + out.downs);
    // The better of two looks: chance has had two goes at it.
    out.chance = 2 * (by_size < by_sign ? by_size : by_sign);
    if (out.chance > 1)
        out.chance = 1;
    return out;
}
