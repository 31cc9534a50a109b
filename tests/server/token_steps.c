// SPDX-License-Identifier: MIT
//
// token_steps: compares a token with what is given, once, for who counts the
// instructions that this takes. Exits with 0 when they are equal.

#include <string.h>

#include "token.h"

int main(int argc, char **argv)
{
    struct ms_token token = {0};

    if (argc != 3 || strlen(argv[1]) >= sizeof token.text)
        return 2;
    strcpy(token.text, argv[1]);
    return ms_token_equal(&token, argv[2], strlen(argv[2])) ? 0 : 1;
}
