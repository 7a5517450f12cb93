/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: it exports no descriptor. */
extern const int something_else;
const int something_else = 1;
