"""Keras 3 on TensorFlow: `keras_peer.py <cells|layers> <threads> [seed-job|first-batch <folder>]`.

`cells` is the tutorial's form, LSTMCells called by hand on one word after another; `layers` the best one.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

FORM, THREADS = sys.argv[1], int(sys.argv[2])
V, E, H, B, T = 10_000, 100, 64, 128, 80


def load():
    """keras and tensorflow, held to THREADS."""
    import tensorflow as tf
    import keras

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    return keras, tf


def network(keras, tf, V, E, H, T, dropout):
    layers = keras.layers
    if FORM == "layers":
        return keras.Sequential([
            keras.Input((T,), dtype="int32"),
            layers.Embedding(V, E),
            layers.LSTM(H, dropout=dropout, return_sequences=True),
            layers.LSTM(H, dropout=dropout),
            layers.Dense(1, activation="sigmoid"),
        ])

    class Tutorial(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(V, E)
            self.cell0 = layers.LSTMCell(H, dropout=dropout)
            self.cell1 = layers.LSTMCell(H, dropout=dropout)
            self.head = layers.Dense(1)

        def call(self, ids, training=None):
            x = self.embedding(ids)
            rows = tf.shape(x)[0]
            state0 = [tf.zeros((rows, H)), tf.zeros((rows, H))]
            state1 = [tf.zeros((rows, H)), tf.zeros((rows, H))]
            self.cell0.reset_dropout_mask()
            self.cell1.reset_dropout_mask()
            for word in tf.unstack(x, T, axis=1):
                out0, state0 = self.cell0(word, state0, training=training)
                out1, state1 = self.cell1(out0, state1, training=training)
            return tf.sigmoid(self.head(out1))

    return Tutorial()


def serve_cases():
    keras, tf = load()
    from serving import LEARNING_RATE, serve

    def prepare(case):
        keras.backend.clear_session()
        model = network(keras, tf, case.V, case.E, case.H, case.T, case.dropout)
        model(case.ids[0])
        model.set_weights(case.weights)
        optimizer = keras.optimizers.Adam(LEARNING_RATE)
        optimizer.build(model.trainable_variables)
        loss_of = keras.losses.BinaryCrossentropy()

        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return loss

        @tf.function
        def forward(x):
            return model(x, training=False)

        return (
            lambda i: forward(tf.constant(case.ids[i])).numpy(),
            lambda i: step(tf.constant(case.ids[i]), tf.constant(case.labels[i][:, None])).numpy(),
        )

    serve(f"keras {keras.__version__} {FORM} (tensorflow {tf.__version__})", prepare)


def compiled(keras, tf):
    model = network(keras, tf, V, E, H, T, 0.5)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def seed_job(folder):
    """The tutorial, start to end."""
    from process_job import read_arrays, report

    arrays = read_arrays(folder)
    keras, tf = load()
    x, y, xv, yv = arrays()
    model = compiled(keras, tf)
    options = {"batch_size": B, "verbose": 0}
    model.fit(x, y, epochs=4, validation_data=(xv, yv), validation_freq=2, **options)
    model.evaluate(x, y, **options)
    loss, accuracy = model.evaluate(xv, yv, **options)
    report(loss=loss, accuracy=accuracy)


def first_batch(folder):
    """From the import to the end of the first batch's training."""
    import time
    from process_job import read_arrays, report

    arrays = read_arrays(folder)
    start = time.perf_counter()
    keras, tf = load()
    x, y, _, _ = arrays()
    loss = compiled(keras, tf).train_on_batch(x[:B], y[:B])[0]
    report(ms=(time.perf_counter() - start) * 1000, loss=float(loss))


if len(sys.argv) == 3:
    serve_cases()
else:
    {"seed-job": seed_job, "first-batch": first_batch}[sys.argv[3]](sys.argv[4])
