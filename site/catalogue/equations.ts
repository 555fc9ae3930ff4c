/**
 * @file The recurrence of each layer as TeX: one line an equation, in the letters of its paper as its file uses them. A layer without
 * an entry is described by its comments alone.
 */

export const EQUATIONS: Record<string, readonly string[]> = {
  "softmax-attention": [
    String
      .raw`y_t = W_o \sum_{s \le t} \frac{\exp(q_t^\top k_s / \sqrt{d_h})}{\sum_{r \le t} \exp(q_t^\top k_r / \sqrt{d_h})}\, v_s`,
  ],
  "linear-attention": [
    String.raw`S_t = S_{t-1} + R_t\,\phi(k_t)\, v_t^\top, \qquad z_t = z_{t-1} + \phi(k_t)`,
    String
      .raw`y_t = \frac{(R_t\,\phi(q_t))^\top S_t}{\phi(q_t)^\top z_t}, \qquad \phi(x) = \operatorname{elu}(x) + 1`,
  ],
  "lru": [
    String
      .raw`h_t = \lambda \odot h_{t-1} + e^{\gamma} \odot B x_t, \qquad \lambda = \exp(-e^{\nu} + i\theta)`,
    String.raw`y_t = \operatorname{Re}(C h_t) + D x_t`,
  ],
  "dense-recurrence": [
    String.raw`h_t = A h_{t-1} + B x_t, \qquad y_t = C h_t + D x_t`,
  ],
  "mingru": [
    String.raw`z_t = \sigma(V x_t), \qquad h_t = (1 - z_t) \odot h_{t-1} + z_t \odot g(W x_t)`,
  ],
  "minlstm": [
    String
      .raw`f'_t = \frac{f_t}{f_t + i_t}, \quad i'_t = \frac{i_t}{f_t + i_t}, \qquad h_t = f'_t \odot h_{t-1} + i'_t \odot g(W x_t)`,
  ],
  "hgrn": [
    String
      .raw`f_t = b + (1 - b)\,\sigma(V x_t), \qquad h_t = f_t \odot h_{t-1} + (1 - f_t) \odot \operatorname{silu}(W x_t)`,
    String.raw`y_t = W_o\,(\operatorname{rmsnorm}(h_t) \odot \operatorname{silu}(U x_t))`,
  ],
  "hgrn2": [
    String
      .raw`f_t = b + (1 - b)\,\sigma(V x_t), \qquad S_t = \operatorname{diag}(f_t)\, S_{t-1} + (1 - f_t)\, v_t^\top`,
    String.raw`o_t = S_t^\top \operatorname{silu}(W x_t)`,
  ],
  "rg-lru": [
    String
      .raw`a_t = \exp(-8\,\operatorname{softplus}(\Lambda) \odot r_t), \qquad r_t, i_t = \sigma(W_r x_t), \sigma(W_i x_t)`,
    String.raw`h_t = a_t \odot h_{t-1} + \sqrt{1 - a_t^2} \odot (i_t \odot x_t)`,
  ],
  "gla": [
    String
      .raw`\alpha_t = \sigma(W_2 W_1 x_t + b)^{1/16}, \qquad S_t = \operatorname{diag}(\alpha_t)\, S_{t-1} + k_t v_t^\top`,
    String.raw`o_t = S_t^\top q_t`,
  ],
  "deltanet": [
    String
      .raw`S_t = (I - \beta_t k_t k_t^\top)\, S_{t-1} + \beta_t k_t v_t^\top, \qquad o_t = S_t^\top q_t`,
    String.raw`\beta_t \in (0, 1), \ \text{or}\ (0, 2) \ \text{with eigenvalues in}\ [-1, 1]`,
  ],
  "mamba2": [
    String
      .raw`S_t = e^{-a \Delta_t}\, S_{t-1} + \Delta_t\, B_t x_t^\top, \qquad y_t = S_t^\top C_t + D \odot x_t`,
  ],
  "lstm": [
    String
      .raw`i_t, f_t, o_t = \sigma(W x_t + U h_{t-1} + b), \qquad c_t = f_t \odot c_{t-1} + i_t \odot \tanh(W_c x_t + U_c h_{t-1} + b_c)`,
    String.raw`h_t = o_t \odot \tanh(c_t)`,
  ],
  "gru": [
    String
      .raw`r_t, z_t = \sigma(W x_t + U h_{t-1} + b), \qquad n_t = \tanh(W_n x_t + r_t \odot (U_n h_{t-1} + b_n))`,
    String.raw`h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}`,
  ],
  "e1": [
    String
      .raw`h_t = \tanh(W_x \operatorname{silu}(V x_t) + W_h h_{t-1} + b), \qquad y_t = W_o\,(h_t \odot \operatorname{silu}(U x_t))`,
  ],
  "slstm": [
    String
      .raw`m_t = \max(\log \sigma(f_t) + m_{t-1},\, i_t), \quad i'_t = e^{i_t - m_t}, \quad f'_t = e^{\log \sigma(f_t) + m_{t-1} - m_t}`,
    String
      .raw`c_t = f'_t c_{t-1} + i'_t \tanh(z_t), \quad n_t = f'_t n_{t-1} + i'_t, \quad h_t = \sigma(o_t)\, c_t / n_t`,
  ],
  "lem": [
    String.raw`z_t = (1 - s_t) \odot z_{t-1} + s_t \odot \tanh(W_z x_t + V_z y_{t-1})`,
    String.raw`y_t = (1 - r_t) \odot y_{t-1} + r_t \odot \tanh(V_y z_t + W_y x_t)`,
  ],
  "cfc": [
    String
      .raw`h_t = (1 - s_t) \odot \tanh(f_1) + s_t \odot \tanh(f_2), \qquad s_t = \sigma(\tau(x_t, h_{t-1}))`,
  ],
  "ltc": [
    String
      .raw`c\,\dot v = -g\,(v - v_{\text{rest}}) - \sum_j w_j\, \sigma(\text{slope}_j\,(u_j - \mu_j))\,(v - e_j)`,
  ],
  "scrn": [
    String
      .raw`s_t = \kappa\, s_{t-1} + (1 - \kappa)\, B x_t, \qquad h_t = \sigma(P s_t + A x_t + R h_{t-1} + b)`,
    String.raw`y_t = U h_t + V s_t + b'`,
  ],
  "alrnn": [
    String.raw`z_t = A z_{t-1} + W \phi(z_{t-1}) + h + C x_t`,
  ],
  "shallow-plrnn": [
    String.raw`z_t = A z_{t-1} + W_1 \max(0,\, W_2 z_{t-1} + h_2) + h_1 + C x_t`,
  ],
};
