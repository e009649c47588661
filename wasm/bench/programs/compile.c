/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler of the bench compiles. */
typedef struct node { struct node *left, *right; int key; double weight; char name[24]; } node;
static unsigned hash(const char *s) { unsigned h = 5381; while (*s) h = h * 33 ^ (unsigned char)*s++; return h; }
static node *insert(node *n, node *add) { if (!n) return add; if (add->key < n->key) n->left = insert(n->left, add); else n->right = insert(n->right, add); return n; }
double total(const node *n) { return n ? total(n->left) + n->weight * (n->key & 7) + total(n->right) : 0; }
int count(const char *text, char c) { int n = 0; for (; *text; text++) n += *text == c; return n; }
void sort(int *a, int n) { for (int i = 1; i < n; i++) { int v = a[i], j = i; while (j && a[j - 1] > v) { a[j] = a[j - 1]; j--; } a[j] = v; } }
