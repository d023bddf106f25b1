"""From the bytes of a picture to the digit on it.

Data flows through these modules in this order:

decoding (containers)                       bytes -> an upright picture
paper (even_light, levels, morphology)      a picture -> how far each pixel is from its paper
ink_in_box (cells, components, parts,
    fading, frames, forms)                  that -> which ink may be the digit's, in a frame or on a form too
lines, cleaning                             what the digit may be without a line, stains or grain
ink                                         all of these -> looks at the ink
strokes                                     points of a pen -> looks, without a picture
fitting                                     a look -> 28 x 28, as MNIST was made
lenet, checkpoint, folded, batching         28 x 28 -> logits, by weights on disk
recognizer                                  all of these, in turn -> a Prediction
explain, corrections, metadata, latest,
    serving                                 what else a server needs
arguments, arrays, boxes, data_url,
    errors, shipped,
    standard_output                         what several of these use

A look is one candidate for the digit: ink that may be all of it, cropped. The network is given every look at a picture,
and `recognizer` decides which of them counts.

Each threshold is a constant whose comment reads on from its number: ``WIDEST_STROKE = 0.16  # of the shorter side`` is
0.16 of the shorter side.
"""
